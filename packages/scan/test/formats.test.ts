/** Formats that hold numbers, and configurations that name code. */
import test from "ava";
import { worse, type ScanVerdict } from "../src/report.ts";
import { scanSource } from "../src/scan-source.ts";
import { bufferSource } from "../src/source.ts";
import { zip } from "./archives.ts";
import { field, gguf, message, npy, npyOf, onnx, safetensors, savedModel } from "./numbers.ts";
import { calling, npyOfObjects } from "./pickle-assembler.ts";

const EVIL = calling("os", "system", "id");
const F32 = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const LAMBDA = Buffer.from("e3010000000000000000000000010000000300000053000000", "hex").toString(
  "base64",
);

/** Of files by their content: the format, the verdict, and the rule where it is no good one. */
type Row = readonly [
  what: string,
  file: Buffer | string,
  verdict: ScanVerdict,
  rule?: string | undefined,
  name?: string,
];

const NPY: readonly Row[] = [
  ["numbers", npyOf("'<f4'", "(2,)", Buffer.alloc(8)), "safe-format"],
  ["a number alone", npyOf("'<i8'", "()", Buffer.alloc(8)), "safe-format"],
  ["version 2", npyOf("'<f4'", "(2, 1)", Buffer.alloc(8), 2), "safe-format"],
  ["version 3", npyOf("[('é', '<f4')]", "(2,)", Buffer.alloc(8), 3), "safe-format"],
  [
    "fields",
    npyOf("[('a', '<f4'), ('b', '<i2', (3,)), ('c', [('d', '|S5')])]", "(2,)", Buffer.alloc(30)),
    "safe-format",
  ],
  ["dates", npyOf("'<M8[25s]'", "(1,)", Buffer.alloc(8)), "safe-format"],
  ["texts", npyOf("'<U3'", "(1,)", Buffer.alloc(12)), "safe-format"],
  ["CVE-2019-6446: objects", npyOfObjects(EVIL), "dangerous"],
  ["objects in a field", npyOf("[('a', '<f4'), ('b', 'O')]", "(1,)", EVIL), "dangerous"],
  ["objects in a field of a field", npyOf("[('a', [('b', '|O8')])]", "(1,)", EVIL), "dangerous"],
  ["objects in a subarray", npyOf("[('a', '|O', (2,))]", "(1,)", EVIL), "dangerous"],
  [
    "bytes behind",
    npyOf("'<f4'", "(2,)", Buffer.concat([Buffer.alloc(8), EVIL])),
    "dangerous",
    "npy-size",
  ],
  ["too few bytes", npyOf("'<f4'", "(20,)", Buffer.alloc(8)), "unscannable", "npy-size"],
  [
    "two types",
    npy("{'descr': '<f4', 'descr': 'O', 'fortran_order': False, 'shape': (1,), }", EVIL),
    "unscannable",
    "npy-header",
  ],
  ["a type with an escape", npyOf("'\\x4f'", "(1,)", EVIL), "unscannable", "npy-header"],
  [
    "a call in the header",
    npyOf("__import__('os').system('id')", "(1,)", EVIL),
    "unscannable",
    "npy-header",
  ],
  ["a type that is not known", npyOf("'<X4'", "(1,)", EVIL), "unscannable", "npy-header"],
  ["another version", npyOf("'<f4'", "(2,)", Buffer.alloc(8), 9), "unscannable", "npy-header"],
  [
    "a header that is cut",
    npyOf("'<f4'", "(2,)", Buffer.alloc(8)).subarray(0, 30),
    "unscannable",
    "npy-header",
  ],
];

const SAFETENSORS: readonly Row[] = [
  [
    "two tensors",
    safetensors(
      {
        b: { dtype: "I8", shape: [3], data_offsets: [8, 11] },
        a: F32,
        __metadata__: { format: "pt" },
      },
      Buffer.alloc(11),
    ),
    "safe-format",
  ],
  ["no tensor", safetensors({}, Buffer.alloc(0)), "safe-format"],
  [
    "an empty tensor",
    safetensors({ a: { dtype: "F32", shape: [0, 4], data_offsets: [0, 0] } }, Buffer.alloc(0)),
    "safe-format",
  ],
  [
    "a header padded with spaces",
    safetensors(`${JSON.stringify({ a: F32 })}   `, Buffer.alloc(8)),
    "safe-format",
  ],
  [
    "a header whose length begins a pickle",
    safetensors(JSON.stringify({ a: F32 }).padEnd(0x280), Buffer.alloc(8)),
    "safe-format",
  ],
  [
    "a hole",
    safetensors({ a: F32, b: { ...F32, data_offsets: [9, 17] } }, Buffer.alloc(17)),
    "unscannable",
    "safetensors-offsets",
  ],
  [
    "an overlap",
    safetensors({ a: F32, b: { ...F32, data_offsets: [4, 12] } }, Buffer.alloc(12)),
    "unscannable",
    "safetensors-offsets",
  ],
  [
    "a hole before the first",
    safetensors({ a: { ...F32, data_offsets: [4, 12] } }, Buffer.alloc(12)),
    "unscannable",
    "safetensors-offsets",
  ],
  ["bytes behind", safetensors({ a: F32 }, Buffer.alloc(9)), "unscannable", "safetensors-offsets"],
  ["too few bytes", safetensors({ a: F32 }, Buffer.alloc(7)), "unscannable", "safetensors-offsets"],
  [
    "another size than the shape's",
    safetensors({ a: { ...F32, shape: [3] } }, Buffer.alloc(8)),
    "unscannable",
    "safetensors-header",
  ],
  [
    "a type that is not known",
    safetensors({ a: { ...F32, dtype: "F99" } }, Buffer.alloc(8)),
    "unscannable",
    "safetensors-header",
  ],
  [
    "two tensors of one name",
    safetensors(`{"a":${JSON.stringify(F32)},"a":${JSON.stringify(F32)}}`, Buffer.alloc(8)),
    "unscannable",
    "safetensors-header",
  ],
  [
    "metadata that are no texts",
    safetensors({ a: F32, __metadata__: { a: 1 } }, Buffer.alloc(8)),
    "unscannable",
    "safetensors-header",
  ],
  [
    "a control character in a name",
    safetensors({ "a\u001b[2J": F32 }, Buffer.alloc(8)),
    "unscannable",
    "safetensors-name",
  ],
  [
    "an archive behind",
    Buffer.concat([
      safetensors({ a: F32 }, Buffer.alloc(8)),
      zip([{ name: "data.pkl", data: EVIL }]),
    ]),
    "dangerous",
    "safetensors-offsets",
  ],
];

const TENSORS = [{ name: "w", size: 8, offset: 0 }];
const GGUF: readonly Row[] = [
  [
    "a tensor",
    gguf({
      tensors: TENSORS,
      data: 32,
      keys: [
        ["general.name", "x"],
        ["tokens", ["a", "b"]],
      ],
    }),
    "safe-format",
  ],
  ["an alignment", gguf({ keys: [["general.alignment", 64]] }), "safe-format"],
  [
    "a usual template",
    gguf({
      keys: [
        [
          "tokenizer.chat_template",
          "{% for m in messages %}{{ m['role'] }}: {{ m.content | trim }}{% endfor %}",
        ],
      ],
    }),
    "safe-format",
  ],
  [
    "CVE-2024-34359: a template that leaves the sandbox",
    gguf({
      keys: [
        [
          "tokenizer.chat_template",
          "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
        ],
      ],
    }),
    "dangerous",
    "template-escape",
  ],
  [
    "the same in another template",
    gguf({
      keys: [["tokenizer.chat_template.tool_use", "{{ lipsum.__globals__['os'].popen('id') }}"]],
    }),
    "dangerous",
    "template-escape",
  ],
  ["version 1", gguf({ version: 1 }), "unscannable", "gguf-header"],
  [
    "a tensor beyond the end",
    gguf({ tensors: [{ name: "w", size: 8, offset: 64 }], data: 32 }),
    "unscannable",
    "gguf-header",
  ],
  [
    "a tensor that is not aligned",
    gguf({ tensors: [{ name: "w", size: 2, offset: 8 }], data: 32 }),
    "unscannable",
    "gguf-header",
  ],
  [
    "two tensors of one name",
    gguf({ tensors: [...TENSORS, ...TENSORS], data: 32 }),
    "unscannable",
    "gguf-header",
  ],
  [
    "two keys of one name",
    gguf({
      keys: [
        ["a", 1],
        ["a", 2],
      ],
    }),
    "unscannable",
    "gguf-header",
  ],
  [
    "an alignment that is no power of two",
    gguf({ keys: [["general.alignment", 48]] }),
    "unscannable",
    "gguf-header",
  ],
  ["no alignment", gguf({ keys: [["general.alignment", 0]] }), "unscannable", "gguf-header"],
  ["bytes behind", gguf({ tensors: TENSORS, data: 200 }), "unscannable", "gguf-header"],
  [
    "more keys than bytes",
    gguf({ keys: [["a", 1]] }).fill(0xff, 16, 24),
    "unscannable",
    "gguf-header",
  ],
  ["a cut", gguf({ keys: [["a", "long text"]] }).subarray(0, -3), "unscannable", "gguf-header"],
];

const TEMPLATES: readonly (readonly [string, ScanVerdict])[] = [
  [
    "{{ bos_token }}{% set ns = namespace(found=false) %}{% set ns.found = true %}{{ messages[0]['content'] }}",
    "safe-format",
  ],
  ["{{ raise_exception('no __ here') }}", "safe-format"],
  [
    "{{ tools | tojson(indent=4) }}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "safe-format",
  ],
  ["{% macro show(x) %}{{ x }}{% endmacro %}{{ show(messages) }}", "safe-format"],
  ["{{ messages | map(attribute='content') | join }}", "safe-format"],
  ["{{ ''.__class__ }}", "dangerous"],
  ["{{ cycler.__init__ }}", "dangerous"],
  ["{{ joiner['_x'] }}", "dangerous"],
  ["{{ x|attr('y') }}", "dangerous"],
  ["{{ x | attr ( 'y' ) }}", "dangerous"],
  ["{{ x['__cla' ~ 'ss__'] }}", "dangerous"],
  ["{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}", "dangerous"],
  ["{{ x['\\u005fclass'] }}", "dangerous"],
  ["{{ x['\\137class'] }}", "dangerous"],
  ["{{ messages | map(attribute='_private') }}", "dangerous"],
  ["{{ f.func_globals }}", "dangerous"],
  ["{% include 'other' %}", "unscannable"],
  ["{%- from 'other' import x %}", "unscannable"],
];

const CONFIGS: readonly Row[] = [
  ["a configuration", '{"model_type": "bert"}', "safe-format"],
  ["auto_map", '{"auto_map": {"AutoModel": "modeling.Model"}}', "executable", "auto-map"],
  ["auto_map with escapes", '{"\\u0061uto_map": {}}', "executable", "auto-map"],
  ["auto_map below", '{"text_config": {"auto_map": {}}}', "executable", "auto-map"],
  ["auto_map in the second document", '{}\n{"auto_map": {}}', "executable", "auto-map"],
  [
    "auto_map behind NaN, which Python reads",
    '{"a": NaN, "auto_map": {}}',
    "executable",
    "auto-map",
  ],
  ["auto_map behind a byte order mark", '\ufeff{"auto_map": {}}', "executable", "auto-map"],
  ["a template", '{"chat_template": "{{ x }}"}', "safe-format"],
  [
    "a template that leaves the sandbox",
    '{"chat_template": "{{ x.__class__ }}"}',
    "dangerous",
    "template-escape",
  ],
  [
    "one of several templates",
    '{"chat_template": [{"name": "default", "template": "{% set x = y.__globals__ %}"}]}',
    "dangerous",
    "template-escape",
  ],
  ["a template file", "{{ x.__mro__ }}", "dangerous", "template-escape", "chat_template.jinja"],
  [
    "a good template file",
    "{% for m in messages %}{{ m }}{% endfor %}",
    "safe-format",
    undefined,
    "chat_template.jinja",
  ],
  [
    "CVE-2025-23304: a target in YAML",
    "model:\n  _target_: os.system\n  command: id\n",
    "dangerous",
    "hydra-target",
  ],
  ["a target in quotes", '- "_target_": "subprocess.Popen"\n', "dangerous", "hydra-target"],
  ["a target in JSON", '{"_target_": "builtins.eval"}', "dangerous", "hydra-target"],
  [
    "a target of NeMo's own",
    "_target_: nemo.collections.asr.modules.ConvASREncoder\n",
    "safe-format",
  ],
  [
    "a function of NeMo's own",
    "_target_: nemo.core.config.hydra_runner\n",
    "unknown-import",
    "hydra-target",
  ],
  [
    "a target that nobody reviewed",
    "_target_: my.package.Layer\n",
    "unknown-import",
    "hydra-target",
  ],
  ["a target in a flow", "a: {b: 1, _target_: os.system}\n", "dangerous", "hydra-target"],
  [
    "a target on the next line",
    "_target_:\n  os.system\n",
    "unscannable",
    "hydra-target",
    "c.yaml",
  ],
  [
    "a target with an escape",
    '"\\x5ftarget_": os.system\n',
    "unscannable",
    "hydra-target",
    "c.yaml",
  ],
  ["a target in a comment", "# _target_ is Hydra's\n", "safe-format", undefined, "c.yaml"],
  [
    "a template with a name, and no statement",
    '{"chat_template": [{"name": "a", "template": "{{ x.__class__ }}"}]}',
    "dangerous",
    "template-escape",
  ],
  [
    "auto_map behind lists too deep",
    `{"a": ${"[".repeat(30_000)}${"]".repeat(30_000)}, "auto_map": {}}`,
    "unscannable",
    "limit",
  ],
  [
    "auto_map behind lists that are deep",
    `{"a": ${"[".repeat(3000)}${"]".repeat(3000)}, "auto_map": {}}`,
    "executable",
    "auto-map",
  ],
  ["a tag in YAML", "a: !!python/object/apply:os.system ['id']\n", "dangerous", "yaml-tag"],
  [
    "a long tag in YAML",
    "- !<tag:yaml.org,2002:python/object/new:os.system> ['id']\n",
    "dangerous",
    "yaml-tag",
  ],
  ["a harmless tag", "a: !!python/tuple [1, 2]\n", "safe-format"],
  ["a text about tags", "Do not write `!!python/object/apply:os.system`.\n", "safe-format"],
  ["a text", "# Model\n\nIt is a (good) model.\n", "safe-format"],
  ["a licence in Latin-1", Buffer.from("Copyright \xa9 M\xfcller\n", "latin1"), "safe-format"],
  ["a link in brackets", "[link](x)\n", "safe-format"],
  ["a graph as text", 'node {\n  op: "ReadFile"\n}\n', "unscannable", "not-read"],
];

const layer = (name: string, more: object = {}, config: object = {}): string =>
  JSON.stringify({
    class_name: "Sequential",
    config: { layers: [{ class_name: name, config, ...more }] },
  });
const KERAS: readonly Row[] = [
  [
    "a dense layer",
    layer("Dense", { module: "keras.layers", registered_name: null }),
    "safe-format",
  ],
  ["a layer of an older release", layer("Dense"), "safe-format"],
  ["an operation", layer("GetItem", { module: "keras.src.ops.numpy" }), "safe-format"],
  [
    "CVE-2024-3660: a Lambda with bytecode",
    layer("Lambda", {}, { function: [LAMBDA, null, null], function_type: "lambda" }),
    "dangerous",
    "keras-code",
  ],
  [
    "a Lambda of Keras 3",
    layer(
      "Lambda",
      { module: "keras.layers" },
      { function: { class_name: "__lambda__", config: { code: LAMBDA } } },
    ),
    "dangerous",
    "keras-code",
  ],
  [
    "a Lambda by name",
    layer("Lambda", {}, { function: "my_function", function_type: "function" }),
    "executable",
    "keras-code",
  ],
  [
    "a function of TensorFlow by name",
    layer("TFOpLambda", {}, { function: "io.write_file" }),
    "executable",
    "keras-code",
  ],
  [
    "CVE-2025-49655: a PyTorch module",
    layer("TorchModuleWrapper", { module: "keras.layers" }),
    "dangerous",
    "keras-code",
  ],
  [
    "CVE-2025-1550: a function of another module",
    layer("function", { module: "os", config: "system" }),
    "dangerous",
    "keras-import",
  ],
  [
    "a class of another module",
    layer("Popen", { module: "subprocess" }),
    "dangerous",
    "keras-import",
  ],
  ["eval", layer("eval", { module: "builtins" }), "dangerous", "keras-import"],
  [
    "CVE-2025-8747: what fetches files",
    layer("get_file", { module: "keras.utils" }),
    "dangerous",
    "keras-import",
  ],
  [
    "the same by its long name",
    layer("get_file", { module: "keras.src.utils.file_utils" }),
    "dangerous",
    "keras-import",
  ],
  [
    "CVE-2025-9906: what turns safety off",
    layer("function", { module: "keras.config", config: "enable_unsafe_deserialization" }),
    "dangerous",
    "keras-import",
  ],
  [
    "a layer that nobody reviewed",
    layer("Mine", { module: "my.layers", registered_name: "my>Mine" }),
    "unknown-import",
    "keras-import",
  ],
  [
    "a function in Keras's layers",
    layer("deserialize", { module: "keras.layers" }),
    "unknown-import",
    "keras-import",
  ],
];

const crowded = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, "v"]));
const KERAS_MORE: readonly Row[] = [
  [
    "a Lambda behind many keys",
    JSON.stringify({ ...crowded, class_name: "Lambda", config: {} }),
    "executable",
    "keras-code",
  ],
];

const PROTOBUF: readonly Row[] = [
  ["an ONNX model", onnx({}), "safe-format"],
  ["operators of Microsoft's", onnx({ domain: "com.microsoft" }), "safe-format"],
  [
    "an operator that a library brings",
    onnx({ domain: "my.ops" }),
    "unknown-import",
    "onnx-operator",
  ],
  [
    "an operator that the model defines",
    onnx({
      domain: "my.ops",
      functions: [field(25, message(field(1, "Op"), field(10, "my.ops")))],
    }),
    "safe-format",
  ],
  [
    "such an operator in a graph within",
    onnx({
      node: [
        field(
          5,
          message(
            field(1, "then"),
            field(6, message(field(1, message(field(4, "Op"), field(7, "my.ops"))))),
          ),
        ),
      ],
    }),
    "unknown-import",
    "onnx-operator",
  ],
  [
    "CVE-2022-25882: data outside",
    onnx({ location: "../../etc/passwd" }),
    "dangerous",
    "onnx-external",
  ],
  [
    "CVE-2024-27318: data outside, by a detour",
    onnx({ location: "sub/../../x" }),
    "dangerous",
    "onnx-external",
  ],
  ["data at an absolute place", onnx({ location: "/etc/passwd" }), "dangerous", "onnx-external"],
  ["data outside, for Windows", onnx({ location: "sub\\..\\..\\x" }), "dangerous", "onnx-external"],
  ["data on a drive", onnx({ location: "C:x" }), "dangerous", "onnx-external"],
  ["a cut ONNX model", onnx({}).subarray(0, -3), "unscannable"],
  ["a SavedModel", savedModel("MatMul"), "safe-format"],
  ["what reads files", savedModel("ReadFile"), "dangerous", "tf-operator"],
  ["what writes files", savedModel("WriteFile"), "dangerous", "tf-operator"],
  ["what calls Python", savedModel("PyFunc"), "dangerous", "tf-operator"],
  [
    "what saves, in the function that saves",
    savedModel("SaveV2", "__inference__traced_save_12"),
    "safe-format",
  ],
  ["what saves, elsewhere", savedModel("SaveV2"), "executable", "tf-operator"],
  ["what prints, maybe into a file", savedModel("PrintV2"), "executable", "tf-operator"],
  [
    "a graph alone",
    message(field(1, message(field(1, "n"), field(2, "ReadFile")))),
    "dangerous",
    "tf-operator",
  ],
  [
    "Keras's metadata with a Lambda",
    message(
      field(
        1,
        message(
          field(2, 1),
          field(3, "root"),
          field(4, "_tf_keras_network"),
          field(5, layer("Lambda", {}, { function: [LAMBDA] })),
        ),
      ),
    ),
    "dangerous",
    "keras-code",
  ],
];

const HDF5_HEAD = Buffer.concat([
  Buffer.from("\x89HDF\r\n\x1a\n", "latin1"),
  Buffer.from([0, 0, 0, 0, 0, 8, 8, 0]),
  Buffer.alloc(80),
]);
const hdf5 = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([
    HDF5_HEAD,
    ...parts.map((part) => Buffer.from(part as Buffer)),
    Buffer.alloc(100, 0xfe),
  ]);
const HDF5: readonly Row[] = [
  ["numbers", hdf5(Buffer.alloc(1000, 0x7b)), "safe-format"],
  ["a Keras model", hdf5(layer("Dense")), "safe-format"],
  [
    "CVE-2025-9905: a Lambda",
    hdf5(Buffer.alloc(600_000, 1), layer("Lambda", {}, { function: [LAMBDA] })),
    "dangerous",
    "keras-code",
  ],
  [
    "a Lambda with escapes",
    hdf5(layer("Lambda").replaceAll("class_name", "\\u0063lass_name")),
    "executable",
    "keras-code",
  ],
  [
    "a Lambda across the pieces that are read",
    hdf5(Buffer.alloc(256 * 1024 - 96 - 20, 1), layer("Lambda")),
    "executable",
    "keras-code",
  ],
  ["a Lambda behind a brace", hdf5('{"a', "\0", layer("Lambda")), "executable", "keras-code"],
  [
    "a Keras model that is no JSON",
    hdf5(layer("Dense").replace("Sequential", "Seq\0l")),
    "safe-format",
  ],
  [
    "a Keras model that is no JSON to its end",
    hdf5(layer("Dense").replace("layers", "lay\0")),
    "unscannable",
    "json-broken",
  ],
  ["attributes that are packed", hdf5("FRHP\0\x07\0\x10\0"), "unscannable", "not-read"],
  ["PyTables", hdf5("PYTABLES_FORMAT_VERSION"), "unscannable", "not-read"],
  [
    "a user block before",
    Buffer.concat([Buffer.alloc(512, 0x20), hdf5(layer("Lambda"))]),
    "executable",
    "keras-code",
  ],
];

const flax = Buffer.from("82a16193c003c2a162c70401deadbeef", "hex");
const OTHERS: readonly Row[] = [
  ["MessagePack", flax, "safe-format"],
  [
    "MessagePack with an extension of somebody's",
    Buffer.from("81a161c70129ff", "hex"),
    "unscannable",
    "not-read",
  ],
  ["MessagePack that is cut", flax.subarray(0, -1), "unscannable", "unrecognised"],
  [
    "MessagePack with bytes behind",
    Buffer.concat([flax, Buffer.from([0])]),
    "unscannable",
    "unrecognised",
  ],
  ["TensorFlow Lite", Buffer.from("\x1c\0\0\0TFL3\x14\0 CONV_2D FlexErf", "latin1"), "safe-format"],
  [
    "TensorFlow Lite that writes files",
    Buffer.from("\x1c\0\0\0TFL3 FlexWriteFile", "latin1"),
    "dangerous",
    "tf-operator",
  ],
  ["an operator of a package's", savedModel("Addons>Sum"), "unknown-import", "tf-operator"],
];

const PROGRAMS: readonly Row[] = [
  ["ELF", Buffer.from("\x7fELF\x02\x01\x01\0", "latin1"), "executable", "program"],
  ["a llamafile", Buffer.from("MZqFpD='\n\0\0", "latin1"), "executable", "program"],
  ["Mach-O", Buffer.from("cffaedfe07000001", "hex"), "executable", "program"],
  ["Windows", windowsProgram(), "executable", "program"],
  [
    "Torch7",
    Buffer.from("04000000010000000300000056203111000000", "hex"),
    "unscannable",
    "not-read",
  ],
  ["Torch7 as text", "4\n1\n3\nV 1\n13\nnn.Sequential\n", "unscannable", "not-read"],
  ["R", Buffer.from("X\n\0\0\0\x03\0\x04", "latin1"), "unscannable", "not-read"],
  [
    "compiled Python",
    Buffer.from("a70d0d0a00000000000000000000000063", "hex"),
    "unscannable",
    "not-read",
  ],
  [
    "code by marshal",
    Buffer.from("e30000000000000000000000000100", "hex"),
    "unscannable",
    "not-read",
  ],
  ["what nobody knows", Buffer.from([1, 2, 3, 4, 5]), "unscannable", "unrecognised"],
  ["a picture", Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"), "safe-format"],
  [
    "a call in GIF's clothes",
    Buffer.concat([Buffer.from("GIF89aabc"), Buffer.from("0cos\nsystem\n(S'id'\ntR.")]),
    "dangerous",
  ],
  ["nothing", Buffer.alloc(0), "safe-format"],
  ["CVE-2025-10155: a pickle called .bin", EVIL, "dangerous"],
];

for (const [format, rows] of Object.entries({
  NumPy: NPY,
  SafeTensors: SAFETENSORS,
  GGUF,
  text: CONFIGS,
  Keras: [...KERAS, ...KERAS_MORE],
  "Protocol Buffers": PROTOBUF,
  HDF5,
  other: PROGRAMS,
  more: OTHERS,
})) {
  for (const [what, file, verdict, rule, name = "model.bin"] of rows) {
    test(`scanSource() judges ${format}: ${what}`, async (t) => {
      const scan = await scanSource(name, bufferSource(Buffer.from(file as Buffer)));
      const shown = JSON.stringify(scan.observations, null, 1);
      t.is(scan.verdict, verdict, shown);
      if (rule !== undefined)
        t.true(
          scan.observations.some((each) => each.rule === rule),
          shown,
        );
    });
  }
}

for (const [template, verdict] of TEMPLATES) {
  test(`scanSource() judges the template ${template}`, async (t) => {
    const file = gguf({ keys: [["tokenizer.chat_template", template]] });
    const scan = await scanSource("m.gguf", bufferSource(file));
    t.is(scan.verdict, verdict, JSON.stringify(scan.observations, null, 1));
    t.is(worse(scan.verdict, "safe-format"), scan.verdict);
  });
}

test("scanSource() tells the digest of a chat template, the same wherever it stands", async (t) => {
  const template = "{{ messages }}";
  const files: [string, Buffer][] = [
    ["m.gguf", gguf({ keys: [["tokenizer.chat_template", template]] })],
    ["tokenizer_config.json", Buffer.from(JSON.stringify({ chat_template: template }))],
    ["chat_template.jinja", Buffer.from(template)],
  ];
  for (const [name, file] of files) {
    const { observations } = await scanSource(name, bufferSource(file));
    const told = observations.find(({ rule }) => rule === "chat-template")?.message ?? "";
    t.true(told.endsWith("f24189f08c85a1eb19a737306c3a13e85462ee33d964f28108d64a2485fa2171"), told);
  }
});

function windowsProgram(): Buffer {
  const file = Buffer.alloc(128);
  file.write("MZ");
  file.writeUInt32LE(64, 60);
  file.write("PE\0\0", 64);
  return file;
}
