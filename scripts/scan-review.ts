/**
 * What a person decided on names that pickles of frameworks were seen to use. A name that is called
 * gets on the allow list through here alone; classes and values that are only made and kept need no
 * more than not to be known as dangerous.
 */

/** scikit-learn's, which Cython spells without their package in some releases. */
const LOSSES: readonly string[] = [
  ..."AbsoluteError HalfBinomialLoss HalfGammaLoss HalfMultinomialLoss HalfPoissonLoss".split(" "),
  ..."HalfSquaredError HalfTweedieLoss HalfTweedieLossIdentity HuberLoss PinballLoss".split(" "),
].flatMap((name) => [`Cy${name}`, `__pyx_unpickle_Cy${name}`]);

export interface Review {
  readonly flags: string;
  readonly reason: string;
}

/** By `module name`. */
export const REVIEWED: ReadonlyMap<string, Review> = new Map(
  Object.entries<Record<string, readonly string[]>>({
    "callable|makes a number, text, container or time from its arguments": {
      builtins: [
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
      ].concat(["list", "range", "set", "slice", "str", "tuple"]),
      collections: ["Counter"],
      datetime: ["date", "datetime", "time", "timedelta", "timezone"],
      decimal: ["Decimal"],
      fractions: ["Fraction"],
    },
    "callable items|makes a container; its items are data": {
      collections: ["OrderedDict", "deque"],
    },
    "callable items applies|makes a container that calls its factory for a missing key": {
      collections: ["defaultdict"],
    },
    "callable|a path as a value: nothing is opened": {
      pathlib: ["Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
      "pathlib._local": ["PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
    },
    "callable|an identifier or one of its constants": { uuid: ["SafeUUID", "UUID"] },
    "callable|compiles a regular expression": { re: ["_compile"] },
    "callable|makes an array of numbers from its bytes": {
      array: ["_array_reconstructor", "array"],
    },
    "callable|encodes a text with one of Python's codecs": { _codecs: ["encode"] },
    "callable|makes an instance without its constructor; the scanner judges its arguments": {
      copyreg: ["_reconstructor"],
    },
    "class|an instance, without its constructor, around a function that is judged by itself": {
      numpy: ["vectorize"],
    },
    "class|the base that copyreg makes instances with": { builtins: ["object"] },
    "class|holds what was parsed from a command line": { argparse: ["Namespace"] },
    "callable|looks a time zone up by its name, in the reader's own tables": {
      pytz: ["_p", "_UTC"],
      zoneinfo: ["ZoneInfo._unpickle"],
    },
    "callable|makes an array or scalar of given bytes and type": {
      numpy: ["dtype"],
      "numpy._core.multiarray": ["_reconstruct", "scalar"],
      "numpy._core.numeric": ["_frombuffer"],
      "numpy.core.multiarray": ["_reconstruct", "scalar"],
      "numpy.core.numeric": ["_frombuffer"],
      "numpy.ma.core": ["_mareconstruct"],
    },
    "callable applies|makes a random generator, with a generator's class": {
      "numpy.random._pickle": ["__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"],
    },
    "callable|a random generator; its constructor takes a seed": {
      "numpy.random._mt19937": ["MT19937"],
      "numpy.random._pcg64": ["PCG64", "PCG64DXSM"],
      "numpy.random._philox": ["Philox"],
      "numpy.random._sfc64": ["SFC64"],
      "numpy.random.bit_generator": ["SeedSequence", "__pyx_unpickle_SeedSequence"],
    },
    "callable applies|makes an index of a class that it is given": {
      "pandas.core.indexes.base": ["_new_Index"],
      "pandas.core.indexes.datetimes": ["_new_DatetimeIndex"],
      "pandas.core.indexes.interval": ["_new_IntervalIndex"],
      "pandas.core.indexes.period": ["_new_PeriodIndex"],
      "pandas.core.indexes.timedeltas": ["_new_TimedeltaIndex"],
    },
    "callable|an index; its constructor takes values": {
      pandas: ["CategoricalIndex", "DatetimeIndex", "Float64Index", "Index", "Int64Index"].concat(
        ["IntervalIndex", "MultiIndex", "PeriodIndex", "RangeIndex", "TimedeltaIndex"],
        ["UInt64Index"],
      ),
      "pandas.core.indexes.base": ["Index"],
      "pandas.core.indexes.category": ["CategoricalIndex"],
      "pandas.core.indexes.datetimes": ["DatetimeIndex"],
      "pandas.core.indexes.interval": ["IntervalIndex"],
      "pandas.core.indexes.multi": ["MultiIndex"],
      "pandas.core.indexes.numeric": ["Float64Index", "Int64Index", "UInt64Index"],
      "pandas.core.indexes.period": ["PeriodIndex"],
      "pandas.core.indexes.range": ["RangeIndex"],
      "pandas.core.indexes.timedeltas": ["TimedeltaIndex"],
    },
    "callable|makes a value, type or block of given data": {
      pandas: ["Interval", "Period", "PeriodDtype", "StringDtype"],
      "pandas._libs.arrays": ["__pyx_unpickle_NDArrayBacked"],
      "pandas._libs.internals": [
        "_unpickle_block",
        "BlockPlacement",
        "__pyx_unpickle_BlockPlacement",
      ],
      "pandas._libs.interval": ["Interval"],
      "pandas._libs.sparse": ["BlockIndex", "IntIndex"],
      "pandas._libs.tslibs.nattype": ["__nat_unpickle", "_nat_unpickle"],
      "pandas._libs.tslibs.offsets": ["BusinessDay", "Day", "MonthEnd"],
      "pandas._libs.tslibs.period": ["Period"],
      "pandas._libs.tslibs.timedeltas": ["Timedelta", "_timedelta_unpickle"],
      "pandas._libs.tslibs.timestamps": ["_unpickle_timestamp"],
      "pandas.core.arrays.string_": ["StringDtype"],
      "pandas.core.dtypes.dtypes": ["PeriodDtype"],
      "pandas.core.internals.blocks": ["new_block"],
      "pandas.core.internals.managers": ["BlockManager", "SingleBlockManager"],
    },
    "callable|makes a loss, tree or metric of given numbers": {
      "sklearn._loss._loss": LOSSES,
      _loss: LOSSES,
      "sklearn.linear_model._sgd_fast": [
        "EpsilonInsensitive",
        "Hinge",
        "Huber",
        "Log",
        "ModifiedHuber",
        "SquaredEpsilonInsensitive",
        "SquaredHinge",
        "SquaredLoss",
      ],
      "sklearn.tree._tree": ["Tree"],
    },
    "callable applies|makes an empty instance of a class that it is given": {
      "sklearn.metrics._dist_metrics": ["newObj"],
      "sklearn.neighbors._ball_tree": ["newObj"],
      "sklearn.neighbors._kd_tree": ["newObj"],
    },
    "callable|a tree or metric; its constructor takes numbers": {
      "sklearn.metrics._dist_metrics": ["ChebyshevDistance", "ChebyshevDistance64"].concat(
        ["EuclideanDistance", "EuclideanDistance64", "HammingDistance", "HammingDistance64"],
        ["ManhattanDistance", "ManhattanDistance64", "MinkowskiDistance", "MinkowskiDistance64"],
      ),
      "sklearn.neighbors._ball_tree": ["BallTree", "BallTree64", "BallTree32"],
      "sklearn.neighbors._kd_tree": ["KDTree", "KDTree64", "KDTree32"],
    },
    "class items|a dict with attributes": {
      "sklearn.utils._bunch": ["Bunch"],
      "sklearn.utils": ["Bunch"],
      "sklearn.covariance._graph_lasso": ["_DictWithDeprecatedKeys"],
    },
    "callable|makes a tensor, size or device of given data": {
      torch: ["Size", "device"],
      "torch._utils": [
        "_rebuild_meta_tensor_no_storage",
        "_rebuild_parameter",
        "_rebuild_parameter_with_state",
        "_rebuild_qtensor",
        "_rebuild_sparse_tensor",
        "_rebuild_tensor",
        "_rebuild_tensor_v2",
        "_rebuild_tensor_v3",
      ],
      "torch.serialization": ["_get_layout"],
    },
    "callable applies|makes a tensor of a class that it is given": {
      "torch._tensor": ["_rebuild_from_type_v2"],
    },
    "class|a tensor or parameter": {
      torch: ["Tensor"],
      "torch.nn.parameter": [
        "Buffer",
        "Parameter",
        "UninitializedBuffer",
        "UninitializedParameter",
      ],
    },
    "reference|a type of numbers or of storage": {
      torch: [
        ..."BFloat16 Bool Byte Char ComplexDouble ComplexFloat Double Float Half Int Long".split(
          " ",
        ),
        ..."QInt32 QInt8 QUInt8 Short Untyped".split(" "),
      ]
        .map((name) => `${name}Storage`)
        .concat(
          "bfloat16 bool complex128 complex64 float16 float32 float64 int16 int32 int64".split(" "),
          "int8 per_channel_affine per_tensor_affine qint32 qint8 quint8 uint8".split(" "),
          "contiguous_format channels_last strided sparse_coo".split(" "),
        ),
      "torch.storage": ["TypedStorage", "UntypedStorage", "_TypedStorage", "_UntypedStorage"],
      numpy: [
        ..."bool_ bool complex128 complex64 float16 float32 float64 int16 int32 int64 int8".split(
          " ",
        ),
        ..."uint16 uint32 uint64 uint8 str_ bytes_ object_ void generic ndarray number".split(" "),
      ],
    },
    "reference|an array's class": {
      numpy: ["matrix", "recarray", "record"],
      "numpy.core.records": ["recarray", "record"],
      "numpy.matrixlib.defmatrix": ["matrix"],
    },
    "reference|a function of numbers, kept as a parameter": {
      numpy: "abs absolute amax amin argmax argmin cos dot exp expm1 log log10 log1p log2"
        .split(" ")
        .concat("max mean median min prod sign sin sqrt square std sum tanh var".split(" ")),
      "numpy.core._multiarray_umath": "abs absolute cos exp expm1 log log10 log1p log2"
        .split(" ")
        .concat("sign sin sqrt square tanh".split(" ")),
    },
  }).flatMap(([head, modules]) => {
    const [flags = "", reason = ""] = head.split("|");
    return Object.entries(modules).flatMap(([module, names]) =>
      names.map((name): [string, Review] => [`${module} ${name}`, { flags, reason }]),
    );
  }),
);

/** What is said of a class or value that nothing but its use speaks for. */
export const BY_USE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  python: { class: "holds values", reference: "a value or type" },
  numpy: {
    class: "holds numbers or their state",
    reference: "a value, type or function of numbers",
  },
  scipy: {
    class: "a matrix, spline or tree: its state is set as attributes",
    reference: "a value or function of numbers",
  },
  pandas: {
    class: "a table, column or type: its state is set as attributes",
    reference: "a value or type",
  },
  "scikit-learn": {
    class: "an estimator or part of one: its state is set as attributes",
    reference: "a function or class, kept as a parameter",
  },
  xgboost: {
    class: "an estimator or booster: its state is parsed as a model",
    reference: "a function or class, kept as a parameter",
  },
  lightgbm: {
    class: "an estimator or booster: its state is parsed as a model",
    reference: "a function or class, kept as a parameter",
  },
  torch: {
    class: "a module or optimizer: its state is set as attributes",
    reference: "a value, type or function of numbers",
  },
};

/** Frameworks by the first part of a module; what is not here is nobody's. */
export const FRAMEWORK_OF: Readonly<Record<string, string>> = {
  _codecs: "python",
  _loss: "scikit-learn",
  argparse: "python",
  array: "python",
  builtins: "python",
  collections: "python",
  copyreg: "python",
  datetime: "python",
  decimal: "python",
  fractions: "python",
  joblib: "scikit-learn",
  lightgbm: "lightgbm",
  numpy: "numpy",
  pandas: "pandas",
  pathlib: "python",
  pytz: "pandas",
  re: "python",
  scipy: "scipy",
  sklearn: "scikit-learn",
  torch: "torch",
  uuid: "python",
  xgboost: "xgboost",
  zoneinfo: "python",
};
