"""Scripts that jobs of the tests run."""

# A script that trains nothing but looks like it: lines, a model, and an optional failure.
TRAIN = """
import os, sys, time
from pathlib import Path
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
for n in range(1, int(args.get("--epochs", 3)) + 1):
    print(f"epoch {n}/{args.get('--epochs', 3)} loss: {1 / n:.4f} accuracy: {1 - 1 / n:.4f}", flush=True)
    time.sleep(float(args.get("--pause", 0)))
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("weights")
if "--fail" in args:
    raise ValueError(args["--fail"])
"""
