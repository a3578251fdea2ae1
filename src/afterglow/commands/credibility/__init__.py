"""What `afterglow pharmacology report` needs beside the drug model: other programs, HTML and paper."""
