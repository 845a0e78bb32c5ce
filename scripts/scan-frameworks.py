"""Writes what real frameworks write: `python scan-frameworks.py FOLDER SEED`.

Each file is made by the framework's own means, and is a model or data that people keep. The folder
gets an `index.json` of the files and of the releases that made them.
"""

import collections
import datetime
import decimal
import fractions
import json
import os
import pickle
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("OMP_NUM_THREADS", "1")

FOLDER, SEED = sys.argv[1], int(sys.argv[2])
FILES = []
VERSIONS = {"python": sys.version.split()[0]}


def place(framework, name):
    file = f"{framework}-{len(FILES):04d}-{name}"
    FILES.append({"framework": framework, "file": file})
    return os.path.join(FOLDER, file)


def keep(framework, name, value, protocols=(0, 2, 4, 5)):
    for protocol in protocols:
        try:
            data = pickle.dumps(value, protocol)
        except Exception:
            continue
        with open(place(framework, f"{name}-{protocol}.pkl"), "wb") as file:
            file.write(data)


def python():
    values = {
        "containers": [{"a": [1, 2.5, None, True], "b": (1,)}, {1, 2}, frozenset([1]), bytearray(b"x")],
        "bytes": [b"x\xff", b"", 1j, range(3), 2**70],
        "slice": slice(1, 2),
        "ordered": collections.OrderedDict(a=1, b=[2]),
        "defaultdict": collections.defaultdict(list, a=[1]),
        "counts": collections.defaultdict(int, a=1),
        "deque": collections.deque([1, 2], 5),
        "counter": collections.Counter("hello"),
        "times": [
            datetime.datetime(2024, 1, 2, 3, 4, 5),
            datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc),
            datetime.date(2024, 1, 2),
            datetime.time(1, 2),
            datetime.timedelta(3),
            datetime.timezone(datetime.timedelta(hours=2)),
        ],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
        "types": [int, float, str, list, dict, bool, bytes, tuple, object, complex, set],
    }
    for name, value in values.items():
        keep("python", name, value)
    import argparse
    import array
    import pathlib
    import re
    import uuid

    keep("python", "paths", [pathlib.Path("a/b"), pathlib.PurePosixPath("c")])
    keep("python", "uuid", uuid.UUID(int=SEED))
    keep("python", "pattern", re.compile("a+", re.I))
    keep("python", "array", array.array("d", [1, 2]))
    keep("python", "namespace", argparse.Namespace(lr=0.1, epochs=3, layers=[1, 2]))


def numpy():
    import numpy as np

    VERSIONS["numpy"] = np.__version__
    rng = np.random.RandomState(SEED)
    arrays = {
        "floats": rng.rand(20, 3),
        "fortran": np.asfortranarray(rng.rand(5, 4)),
        "ints": rng.randint(0, 99, 30),
        "small": [np.zeros(5, dtype=code) for code in ("i1", "u1", "i2", "u4", "f2", "f4", "c8", "?")],
        "texts": np.array(["a", "bcd"]),
        "bytes": np.array([b"a", b"bcd"]),
        "objects": np.array(["a", None, 1.5, [1]], dtype=object),
        "records": np.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "times": np.array(["2020-01-01", "2021-02-02"], dtype="M8[D]"),
        "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        "matrix": np.matrix([[1, 2], [3, 4]]),
        "recarray": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "scalars": [np.float64(1.5), np.int64(3), np.float32(2), np.bool_(True), np.str_("x")],
        "dtypes": [np.dtype("f8"), np.dtype([("a", "i4")]), np.dtype("U5"), np.float32, np.int64],
        "functions": [np.mean, np.median, np.std, np.sum, np.max, np.min],
        "ufuncs": [np.exp, np.log1p, np.sqrt],
        "polynomial": np.poly1d([1, 2, 3]),
        "legendre": np.polynomial.Polynomial([1, 2, 3]),
        "random": [np.random.RandomState(SEED), np.random.default_rng(SEED)],
        "generators": [
            np.random.Generator(kind(SEED))
            for kind in (np.random.MT19937, np.random.PCG64, np.random.Philox, np.random.SFC64)
        ],
        "seeds": np.random.SeedSequence(SEED),
    }
    for name, value in arrays.items():
        keep("numpy", name, value)
        if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
            np.save(place("numpy", f"{name}.npy"), value)
    np.savez(place("numpy", "many.npz"), **{k: v for k, v in arrays.items() if type(v) is np.ndarray})
    np.savez_compressed(place("numpy", "packed.npz"), a=arrays["floats"], b=arrays["ints"])


def scipy():
    import scipy
    import scipy.sparse as sparse
    import scipy.interpolate as interpolate
    import scipy.spatial as spatial
    import scipy.stats as stats

    VERSIONS["scipy"] = scipy.__version__
    for form in "csr csc coo lil dok bsr dia".split():
        keep("scipy", form, sparse.random(6, 5, 0.4, format=form, random_state=SEED))
        if hasattr(sparse, f"{form}_array"):
            import numpy as np

            keep("scipy", f"{form}_array", getattr(sparse, f"{form}_array")(np.eye(3)))
    keep("scipy", "spline", interpolate.make_interp_spline(range(6), [1, 3, 2, 5, 4, 6], k=3))
    keep("scipy", "univariate", interpolate.UnivariateSpline(range(9), range(9)))
    keep("scipy", "interp1d", interpolate.interp1d([0, 1, 2], [3, 4, 5]))
    keep("scipy", "pchip", interpolate.PchipInterpolator([0, 1, 2], [3, 4, 5]))
    keep("scipy", "cubic", interpolate.CubicSpline([0, 1, 2], [3, 4, 5]))
    keep("scipy", "ckdtree", spatial.cKDTree([[0, 1], [2, 3], [4, 5]]))
    keep("scipy", "kdtree", spatial.KDTree([[0, 1], [2, 3], [4, 5]]))
    keep("scipy", "rotation", spatial.transform.Rotation.identity())
    keep("scipy", "kde", stats.gaussian_kde([1.0, 2.0, 2.5, 4.0]))
    keep("scipy", "frozen", [stats.uniform(0, 1), stats.norm(), stats.randint(1, 5), stats.loguniform(1e-3, 1)])


def pandas():
    import numpy as np
    import pandas as pd

    VERSIONS["pandas"] = pd.__version__
    rng = np.random.RandomState(SEED)
    dates = pd.date_range("2020", periods=4)
    frame = pd.DataFrame(
        {"a": rng.rand(4), "b": list("wxyz"), "c": pd.Categorical(list("uvuv")), "d": dates, "e": [1, 2, 3, 4]}
    )
    values = {
        "frame": frame,
        "indexed": frame.set_index(["b", "e"]),
        "series": pd.Series(rng.rand(3), name="s"),
        "grouped": frame.groupby("c")["a"].mean() if SEED else frame["a"],
        "multi": pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        "stamps": [pd.Timestamp("2020-01-02"), pd.Timestamp("2020", tz="UTC"), pd.Timedelta(1, "h"), pd.NaT],
        "period": pd.period_range("2020", periods=3, freq="M"),
        "one-period": pd.Period("2020-01", "M"),
        "intervals": pd.interval_range(0, 3),
        "one-interval": pd.Interval(0, 1),
        "cut": pd.cut(pd.Series([1, 5, 9]), 3),
        "timedeltas": pd.timedelta_range(0, periods=3, freq="D"),
        "zoned": pd.date_range("2020", periods=3, tz="UTC"),
        "berlin": pd.date_range("2020", periods=3, tz="Europe/Berlin"),
        "ints": pd.array([1, None, 3], dtype="Int64"),
        "floats": pd.array([1.5, None], dtype="Float64") if hasattr(pd, "Float64Dtype") else 1,
        "booleans": pd.array([True, None], dtype="boolean"),
        "strings": pd.array(["a", None], dtype="string"),
        "sparse": pd.arrays.SparseArray([0, 0, 1.5]),
        "sparse-frame": pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
        "dtypes": [frame.dtypes, pd.CategoricalDtype(["a"]), pd.Int64Dtype(), pd.StringDtype()],
        "range": pd.RangeIndex(5),
        "index": pd.Index(["a", "b"]),
        "index-ints": pd.Index([1, 5, 7]),
        "offsets": [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.BDay()],
        "na": [pd.NA, None],
        "in-dict": {"train": frame, "columns": frame.columns},
    }
    for name, value in values.items():
        keep("pandas", name, value)
    frame.to_pickle(place("pandas", "frame.pkl"))
    frame.to_pickle(place("pandas", "frame.pkl.gz"))


def sklearn():
    import joblib
    import numpy as np
    import sklearn
    from sklearn.datasets import load_iris, make_classification
    from sklearn.utils import all_estimators

    VERSIONS["scikit-learn"] = sklearn.__version__
    VERSIONS["joblib"] = joblib.__version__
    X, y = make_classification(48, 6, random_state=SEED)
    X = abs(X)
    for at, (name, kind) in enumerate(all_estimators()):
        try:
            model = kind()
        except Exception:
            continue
        for attempt in ((X, y), (X, np.c_[y, y]), (X[:, 0], y), (["a b", "b c", "c d"] * 3, None), ([{"a": 1}, {"b": 2}], None)):
            try:
                model = kind().fit(*attempt)
                break
            except Exception:
                continue
        protocols = (0, 2, 4, 5)
        keep("scikit-learn", name, model, (protocols[at % 4], protocols[(at + 1 + SEED) % 4]))
        try:
            joblib.dump(model, place("scikit-learn", f"{name}.joblib"), compress=(0, 0, 0, 3)[at % 4])
        except Exception:
            FILES.pop()
    for name, model in composed(X, y):
        keep("scikit-learn", name, model)
        for compress in (0, 3, ("gzip", 3)):
            joblib.dump(model, place("scikit-learn", f"{name}.joblib"), compress=compress)
    keep("scikit-learn", "bunch", load_iris())
    joblib.dump({"X": X, "o": np.array(["a", None], dtype=object), "y": y}, place("joblib", "arrays.joblib"))
    joblib.dump([np.zeros((0, 3)), np.float32(1), np.arange(9, dtype=">i4")], place("joblib", "odd.joblib"))


def composed(X, y):
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        AdaBoostClassifier, BaggingClassifier, GradientBoostingClassifier, HistGradientBoostingRegressor,
        IsolationForest, RandomForestClassifier, StackingClassifier, VotingClassifier,
    )
    from sklearn.feature_selection import SelectKBest, f_classif, chi2, mutual_info_classif
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
    from sklearn.linear_model import LogisticRegression, SGDClassifier, Ridge
    from sklearn.metrics import accuracy_score, make_scorer, mean_squared_error
    from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, StratifiedKFold
    from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier
    import numpy as np

    yield "pipeline", Pipeline([("s", StandardScaler()), ("m", LogisticRegression())]).fit(X, y)
    yield "columns", ColumnTransformer([("s", StandardScaler(), [0, 1]), ("o", OneHotEncoder(), [2])]).fit(X)
    yield "union", FeatureUnion([("s", StandardScaler()), ("k", SelectKBest(chi2, k=2))]).fit(X, y)
    yield "grid", GridSearchCV(SVC(), {"C": [1, 2]}, cv=StratifiedKFold(3)).fit(X, y)
    yield "scored", GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring=make_scorer(mean_squared_error), cv=KFold(3)).fit(X, y)
    yield "accuracy", GridSearchCV(SVC(), {"C": [1]}, scoring=make_scorer(accuracy_score), cv=3).fit(X, y)
    yield "random", RandomizedSearchCV(SVC(), {"C": [1, 2, 3]}, n_iter=2, cv=2).fit(X, y)
    yield "best", Pipeline([("k", SelectKBest(f_classif, k=2)), ("m", SVC(probability=True))]).fit(X, y)
    yield "mutual", SelectKBest(mutual_info_classif, k=2).fit(X, y)
    yield "log", FunctionTransformer(np.log1p).fit(X)
    yield "forest", RandomForestClassifier(n_estimators=5).fit(X, y)
    yield "boosted", GradientBoostingClassifier(n_estimators=5).fit(X, y)
    yield "hist", HistGradientBoostingRegressor(max_iter=5).fit(X, y)
    yield "poisson", HistGradientBoostingRegressor(max_iter=5, loss="poisson").fit(X, y)
    yield "ada", AdaBoostClassifier(n_estimators=3).fit(X, y)
    yield "bagging", BaggingClassifier(n_estimators=3).fit(X, y)
    yield "isolation", IsolationForest(n_estimators=5).fit(X)
    yield "stacking", StackingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier())]).fit(X, y)
    yield "voting", VotingClassifier([("a", LogisticRegression()), ("b", SVC())]).fit(X, y)
    yield "process", GaussianProcessRegressor(ConstantKernel(1) * RBF() + WhiteKernel() + Matern()).fit(X, y)
    for loss in "hinge log_loss modified_huber squared_hinge perceptron squared_error huber".split():
        try:
            yield f"sgd-{loss}", SGDClassifier(loss=loss).fit(X, y)
        except Exception:
            pass
    for metric in "minkowski manhattan chebyshev hamming".split():
        yield f"neighbours-{metric}", KNeighborsClassifier(3, metric=metric, algorithm="ball_tree").fit(X, y)
    yield "trees", [KDTree(X), BallTree(X)]


def boosted():
    from sklearn.datasets import make_classification

    X, y = make_classification(40, 5, random_state=SEED)
    try:
        import xgboost

        VERSIONS["xgboost"] = xgboost.__version__
        for name in "XGBClassifier XGBRegressor XGBRanker XGBRFClassifier XGBRFRegressor".split():
            model = getattr(xgboost, name)(n_estimators=3)
            keep("xgboost", f"{name}-new", model)
            if name != "XGBRanker":
                model.fit(X, y)
                keep("xgboost", name, model)
                if name == "XGBClassifier":
                    keep("xgboost", "booster", model.get_booster())
    except ImportError:
        pass
    try:
        import lightgbm

        VERSIONS["lightgbm"] = lightgbm.__version__
        for name in "LGBMClassifier LGBMRegressor LGBMRanker".split():
            model = getattr(lightgbm, name)(n_estimators=3, verbose=-1)
            keep("lightgbm", f"{name}-new", model)
            if name != "LGBMRanker":
                model.fit(X, y)
                keep("lightgbm", name, model)
                keep("lightgbm", f"{name}-booster", model.booster_)
    except ImportError:
        pass


def torch():
    import torch
    from torch import nn

    VERSIONS["torch"] = torch.__version__
    torch.manual_seed(SEED)
    nets = {
        "linear": nn.Linear(4, 2),
        "mlp": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.BatchNorm1d(8), nn.Linear(8, 2), nn.Sigmoid()),
        "conv": nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        ),
        "conv1": nn.Sequential(nn.Conv1d(1, 4, 3), nn.GELU(), nn.AvgPool1d(2), nn.ConvTranspose1d(4, 1, 3), nn.Tanh()),
        "lstm": nn.LSTM(4, 3, 2),
        "gru": nn.GRU(4, 3),
        "rnn": nn.RNN(4, 3),
        "embedding": nn.Sequential(nn.Embedding(10, 4), nn.LayerNorm(4), nn.Softmax(-1), nn.Identity()),
        "transformer": nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2),
        "decoder": nn.TransformerDecoderLayer(8, 2, 16),
        "attention": nn.MultiheadAttention(8, 2),
        "lists": nn.ModuleDict({"a": nn.ModuleList([nn.Linear(2, 2), nn.ELU(), nn.SiLU(), nn.PReLU()])}),
        "norms": nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.Hardswish(), nn.Softplus(), nn.LogSoftmax(1)),
        "shapes": nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Upsample(scale_factor=2), nn.PixelShuffle(1), nn.ZeroPad2d(1)),
        "losses": nn.ModuleList([nn.MSELoss(), nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(), nn.L1Loss()]),
    }
    for name, net in nets.items():
        for legacy in (False, True):
            how = {"_use_new_zipfile_serialization": not legacy}
            torch.save(net.state_dict(), place("torch", f"{name}-state-{legacy}.pt"), **how)
            torch.save(net, place("torch", f"{name}-{legacy}.pt"), **how)
    for name in "SGD Adam AdamW RMSprop Adagrad".split():
        optimizer = getattr(torch.optim, name)(nets["mlp"].parameters(), lr=0.1)
        nets["mlp"](torch.rand(6, 4)).sum().backward()
        optimizer.step()
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
        checkpoint = {
            "epoch": 3, "model": nets["mlp"].state_dict(), "optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict(),
        }
        for legacy in (False, True):
            torch.save(checkpoint, place("torch", f"{name}-{legacy}.pt"), _use_new_zipfile_serialization=not legacy)
        torch.save(optimizer, place("torch", f"{name}.pt"))
    tensors = {
        code: torch.zeros(3).to(getattr(torch, code))
        for code in "float16 bfloat16 float32 float64 int8 uint8 int16 int32 int64 bool complex64 complex128".split()
    }
    values = {
        "tensors": tensors,
        "parameter": nn.Parameter(torch.rand(2, 2)),
        "parameters": nn.ParameterList([nn.Parameter(torch.rand(2))]),
        "sparse": torch.eye(3).to_sparse(),
        "quantized": torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8),
        "dtypes": [torch.float32, torch.device("cpu"), torch.Size([1, 2])],
        "view": torch.rand(4, 4)[1:3],
        "grad": torch.rand(3, requires_grad=True),
        "generator": torch.get_rng_state(),
    }
    for name, value in values.items():
        for legacy in (False, True):
            try:
                torch.save(value, place("torch", f"{name}-{legacy}.pt"), _use_new_zipfile_serialization=not legacy)
            except Exception:
                FILES.pop()
    for name in ("mlp", "conv", "lstm"):
        with open(place("torch", f"{name}-plain.pkl"), "wb") as file:
            pickle.dump(nets[name], file)


os.makedirs(FOLDER, exist_ok=True)
for part in (python, numpy, scipy, pandas, sklearn, boosted, torch):
    try:
        part()
    except Exception as error:
        print(f"{part.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
# What was announced and not written is not there.
FILES[:] = [file for file in FILES if os.path.exists(os.path.join(FOLDER, file["file"]))]
with open(os.path.join(FOLDER, "index.json"), "w") as file:
    json.dump({"versions": VERSIONS, "files": FILES}, file)
