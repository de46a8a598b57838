"""`bingli score` under Apache Spark: python tests/spark.py BINGLI

A folder of packed NDJSON is scored by two workers of a local cluster through `pipe`, and comes to the same lines as on one machine. On a cluster
of several machines `bingli` lies at the same path on each of them, or is shipped with `--files`."""

import gzip
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

bingli = str(Path(sys.argv[1]).resolve())
corpus = sorted(path for path in Path("corpora/train").glob("*.json") if not path.name.endswith(".gold.json"))

with tempfile.TemporaryDirectory() as folder:
    for part in range(4):
        with gzip.open(f"{folder}/part-{part}.ndjson.gz", "wt", encoding="utf-8") as out:
            for path in corpus[part::4]:
                visit = json.loads(path.read_text(encoding="utf-8"))
                out.write(json.dumps(visit, ensure_ascii=False) + "\n")
            if part == 3:
                out.write('{"visit_id": "bad"\n')

    spark = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    # One process a file. A line that is no visit is a line of error, and exit code 2 at the end: `checkCode` stays off.
    scored = spark.sparkContext.textFile(folder).pipe(f"{shlex.quote(bingli)} --no-model score").collect()
    spark.stop()

    one = [bingli, "--no-model", "score", *sorted(map(str, Path(folder).iterdir()))]
    wanted = subprocess.run(one, capture_output=True, encoding="utf-8").stdout.splitlines()

assert len(wanted) == len(corpus) + 1 and sum('"error"' in line for line in wanted) == 1, len(wanted)
assert sorted(scored) == sorted(wanted), "Spark and one machine differ"
print(f"pyspark {pyspark.__version__}: {len(scored)} lines, the same as on one machine")
