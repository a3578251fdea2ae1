// The schedule page: visits moved by drag or keys.
import { attachGrid } from "../islands/schedule/grid";

attachGrid(document);
