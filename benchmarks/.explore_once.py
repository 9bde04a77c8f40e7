
import json
import resource
import sys
import time

from glomers.bench.options import parse_options
from glomers.explore.runner import Exploration, process_pool
from glomers.explore.scenario import Space

words, seeds, jobs = json.loads(sys.argv[1])

def main():
    rows = []
    def take(more):
        rows.extend(row["outcome"] for row in more)
        return True
    began_s = time.monotonic()
    space = Space(parse_options(words))
    Exploration(space, take, lambda: process_pool(jobs), jobs).run(range(seeds))
    wall_s = time.monotonic() - began_s
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"wall_s": wall_s, "cpu_s": workers.ru_utime + workers.ru_stime,
                      "memory_mb": workers.ru_maxrss / 1024, "passed": rows.count("pass")}))

if __name__ == "__main__":
    main()
