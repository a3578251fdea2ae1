// Pages of referrals: the clock of a crisis runs while somebody looks at it.
import { attachElapsed } from "../islands/referrals/elapsed";

attachElapsed(document);
