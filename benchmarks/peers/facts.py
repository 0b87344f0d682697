"""Prints one JSON object: versions of the Python peers, and which BLAS they run on, with which of its kernels."""
import ctypes
import importlib
import json
import re
import subprocess
import sys

facts = {"python": sys.version.split()[0]}
for module in ("numpy", "torch", "statsmodels", "nolds"):
    try:
        facts[module] = importlib.import_module(module).__version__
    except ImportError:
        facts[module] = "absent"
    except AttributeError:
        facts[module] = "version unknown"


def loaded(pattern):
    with open("/proc/self/maps") as maps:
        return sorted({line.split()[-1] for line in maps if re.search(pattern, line)})


try:
    files = loaded(r"/lib[^/]*(blas|mkl|blis)[^/]*\.so")
    facts["blas"] = ", ".join(files) or "none that is known"
    for file in files:
        library = ctypes.CDLL(file)
        if hasattr(library, "openblas_get_corename"):
            library.openblas_get_corename.restype = ctypes.c_char_p
            library.openblas_get_config.restype = ctypes.c_char_p
            facts["openblas"] = library.openblas_get_config().decode()
            facts["openblasKernel"] = library.openblas_get_corename().decode()
except OSError:
    facts["blas"] = "unknown"
try:
    import threadpoolctl

    facts["threadpools"] = "; ".join(
        f"{pool['internal_api']} {pool.get('architecture', '')} {pool['num_threads']} threads"
        for pool in threadpoolctl.threadpool_info()
    )
except ImportError:
    pass
try:
    query = ["update-alternatives", "--query", "libblas.so.3-x86_64-linux-gnu"]
    answer = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    status, value = (re.search(rf"^{key}: (.*)$", answer, re.M)[1] for key in ("Status", "Value"))
    facts["blasAlternative"] = f"{value}, chosen by update-alternatives ({status})"
except (OSError, subprocess.CalledProcessError, TypeError):
    pass
print(json.dumps(facts))
