/**
 * Names that run, write, fetch or lead to code when a pickle calls them, and modules that do so when
 * they are imported. The list only tells `dangerous` from `unknown-import`: a name that is neither
 * here nor on the allow list is refused as well.
 */

/** Whether a name, as an opcode gives it, is known to be dangerous; both may be dotted. */
export function isDangerous(module: string, name: string): boolean {
  if (MODULES.has(module) || NAMES.has(`${module}.${name}`)) return true;
  for (let at = module.indexOf("."); at > 0; at = module.indexOf(".", at + 1)) {
    if (MODULES.has(module.slice(0, at))) return true;
  }
  const inName = name.split(".");
  // `glob` and `os.system`, or any walk over what every object has.
  if (inName.length > 1 && inName.some((part) => MODULES.has(part) || /^__\w+__$/.test(part))) {
    return true;
  }
  return inName.some((_, i) => NAMES.has(`${module}.${inName.slice(0, i + 1).join(".")}`));
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Python's own library, 2.7 to 3.14, but for the modules that hold values alone. */
const STANDARD = words(`
  BaseHTTPServer Bastion CGIHTTPServer Cookie HTMLParser MimeWriter Queue ScrolledText
  SimpleHTTPServer SocketServer Tix Tkconstants Tkinter _abc _aix_support _android_support
  _apple_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 _codecs_cn _codecs_hk
  _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _colorize _compat_pickle _compression
  _contextvars _crypt _csv _ctypes _curses _curses_panel _dbm _elementtree _frozen_importlib
  _frozen_importlib_external _functools _gdbm _hashlib _heapq _imp _interpchannels _interpqueues
  _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 _msi
  _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped
  _pickle _posixshmem _posixsubprocess _py_abc _pyio _pylong _pyrepl _queue _remote_debugging
  _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl
  _stat _statistics _string _strptime _struct _suggestions _symtable _sysconfig _testcapi
  _testinternalcapi _thread _threading_local _tkinter _tokenize _tracemalloc _typing _uuid
  _warnings _weakref _winapi _winreg _wmi _xxtestfuzz _zstd aifc annotationlib antigravity
  anydbm ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bz2 cPickle
  cProfile cStringIO cgi cgitb chunk cmd code codecs codeop commands compileall compression
  concurrent configparser contextlib contextvars cookielib copy crypt csv ctypes curses dbhash
  dbm difflib dircache dis distutils dl doctest dumbdbm dummy_thread email encodings ensurepip
  faulthandler fcntl filecmp fileinput fnmatch fpformat ftplib functools future_builtins gc gdbm
  genericpath getopt getpass gettext glob graphlib grp gzip hashlib hmac hotshot html
  htmlentitydefs htmllib http httplib idlelib ihooks imaplib imghdr imp importlib imputil
  inspect io ipaddress json keyword lib2to3 linecache locale logging lzma mailbox mailcap
  marshal md5 mhlib mimetools mimetypes mmap modulefinder msilib msvcrt multiprocessing mutex
  netrc new nis nntplib nt ntpath nturl2path opcode operator optparse os os2emxpath ossaudiodev
  pathlib pdb pickle pickletools pipes pkgutil platform plistlib popen2 poplib posix posixfile
  posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue
  quopri re readline repr reprlib resource rexec rfc822 rlcompleter robotparser runpy sched
  secrets select selectors sgmllib sha shelve shlex shutil signal site smtpd smtplib sndhdr
  socket socketserver spwd sqlite3 sre sre_compile sre_constants sre_parse ssl statvfs stringold
  stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib
  tempfile termios test textwrap this thread threading timeit tkMessageBox tkinter toaiff token
  tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types unittest urllib
  urllib2 urlparse user uu uuid venv warnings wave weakref webbrowser whichdb winreg winsound
  wsgiref xdrlib xml xmllib xmlrpc xmlrpclib zipapp zipfile zipimport zlib
`);

/** Of others: tools that run or fetch things, picklers of code, and those parts of the frameworks. */
const OTHERS = words(`
  IPython _distutils_hack bdb cloudpickle dask dill distributed execnet fabric fsspec gunicorn
  huggingface_hub ipykernel ipython jinja2 jsonpickle jupyter_client keyring loky marshal mlflow
  nltk nose numexpr paramiko pexpect pip pkg_resources plumbum ptyprocess py pydantic.v1.utils
  pytest ray requests setuptools sh skops subprocess32 sympy tensorflow toolz twisted urllib3
  virtualenv wandb werkzeug wheel yaml zmq
  bottleneck joblib.externals joblib.memory joblib.parallel joblib.test keras.src.utils
  keras.utils numpy.compat numpy.ctypeslib numpy.distutils numpy.f2py numpy.lib.npyio
  numpy.lib._npyio_impl numpy.lib.utils numpy.lib.format numpy.testing numpy._pytesttester
  numpy._core.tests pandas.compat pandas.core.computation pandas.io pandas.testing pandas.util
  scipy.io scipy.LowLevelCallable scipy._lib._testutils scipy.weave sklearn.datasets
  sklearn.externals sklearn.utils._testing sklearn.utils.estimator_checks
  statsmodels.iolib.smpickle tensorflow.python torch._classes torch._dynamo torch._export
  torch._functorch torch._guards torch._higher_order_ops torch._inductor torch._lobpcg
  torch._logging torch._numpy.testing torch._ops torch._subclasses torch._utils_internal
  torch.ao.quantization.fx torch.autograd torch.backends torch.classes torch.compiler torch.cuda
  torch.distributed torch.export torch.functional torch.fx torch.hub torch.jit torch.library
  torch.multiprocessing torch.nn.parallel torch.onnx torch.ops torch.overrides torch.package
  torch.profiler torch.serialization torch.testing torch.utils xgboost.collective xgboost.dask
  xgboost.spark
`);

const MODULES: ReadonlySet<string> = new Set([...STANDARD, ...OTHERS]);

const NAMES: ReadonlySet<string> = new Set(
  words(`
  builtins.__build_class__ builtins.__import__ builtins.breakpoint builtins.classmethod
  builtins.compile builtins.delattr builtins.dir builtins.eval builtins.exec builtins.execfile
  builtins.file builtins.filter builtins.getattr builtins.globals builtins.help builtins.input
  builtins.iter builtins.locals builtins.map builtins.memoryview builtins.next builtins.open
  builtins.property builtins.reload builtins.reversed builtins.setattr builtins.sorted
  builtins.staticmethod builtins.super builtins.type builtins.vars builtins.apply
  builtins.buffer builtins.reduce builtins.raw_input builtins.intern dataclasses.make_dataclass
  typing.get_type_hints typing.NewType typing.NamedTuple typing.ForwardRef
  collections.namedtuple enum.Enum itertools.starmap itertools.accumulate itertools.groupby
  itertools.takewhile itertools.dropwhile itertools.filterfalse itertools.imap itertools.ifilter
  joblib.load joblib.numpy_pickle.load joblib.numpy_pickle.NumpyUnpickler joblib.Parallel
  joblib.Memory numpy.core._ufunc_reconstruct numpy._core._ufunc_reconstruct numpy.load numpy.loads numpy.loadtxt numpy.genfromtxt numpy.fromfile
  numpy.fromregex numpy.memmap numpy.save numpy.savez numpy.savetxt numpy.savez_compressed
  numpy.DataSource numpy.vectorize numpy.frompyfunc numpy.apply_along_axis numpy.apply_over_axes
  numpy.piecewise numpy.fromfunction numpy.core.memmap.memmap numpy.safe_eval numpy.source
  numpy.info numpy.lookfor numpy.deprecate numpy.core.multiarray.fromfile
  numpy._core.multiarray.fromfile pandas.eval pandas.read_pickle pandas.read_csv pandas.read_hdf
  pandas.read_sql pandas.read_html pandas.read_excel pandas.read_json pandas.read_parquet
  pandas.read_xml pandas.to_pickle pandas.read_table pandas.read_feather pandas.read_orc
  pandas.HDFStore pandas.ExcelFile pandas.core.frame.DataFrame.query
  pandas.core.frame.DataFrame.eval torch.load torch.save torch.compile torch.from_file
  torch._C.import_ir_module torch.storage._load_from_bytes torch.UntypedStorage.from_file
  torch.Tensor.apply_
`),
);
