"""Writes model files with the frameworks themselves: into `good` what is harmless, into `evil` what is not."""

import copy
import os
import sys

os.environ["KERAS_BACKEND"] = "numpy"
os.chdir(sys.argv[1])
os.makedirs("good/external", exist_ok=True)
os.makedirs("evil", exist_ok=True)

import gguf
import h5py
import joblib
import keras
import msgpack
import numpy as np
import onnx
import sentencepiece
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def numpy_files():
    arrays = {
        "float": np.zeros((3, 4)),
        "big-endian": np.asfortranarray(np.zeros((3, 4), dtype=">f8")),
        "complex": np.zeros(2, np.complex64),
        "half": np.zeros(2, np.float16),
        "bool": np.array([True]),
        "scalar": np.array(3),
        "empty": np.zeros((0, 3)),
        "date": np.array(["2020-01-01"], dtype="M8[D]"),
        "span": np.array([1], dtype="m8[ms]"),
        "text": np.array(["x", "yyy"]),
        "bytes": np.array([b"x", b"yyy"]),
        "void": np.zeros(2, dtype="V7"),
        "fields": np.zeros(3, dtype=[("a", "<f4"), ("b", "<i8", (2, 3)), ("c", "U5")]),
        "nested": np.zeros(2, dtype=[("p", [("x", "f4"), ("y", "f4")]), ("q", "i1")]),
        "aligned": np.zeros(2, dtype=np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"]}, align=True)),
        "unicode": np.zeros(2, dtype=[("é", "<f4")]),
        "wide": np.zeros(1, dtype=[(f"field{i}", "<f4") for i in range(6000)]),
    }
    for name, array in arrays.items():
        np.save(f"good/{name}.npy", array)
    np.save("good/objects.npy", np.array([{"a": 1}, [2]], dtype=object), allow_pickle=True)
    np.savez("good/stored.npz", a=np.ones((3, 3)), b=np.array(["x", "yy"]))
    np.savez_compressed("good/packed.npz", a=np.ones((300, 30)), b=np.arange(5))
    np.save("evil/objects.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez("evil/objects.npz", a=np.ones(3), b=np.array([Evil()], dtype=object))


def joblib_files():
    data = {"a": np.ones((50, 50)), "b": [1, 2]}
    joblib.dump(data, "good/raw.joblib")
    joblib.dump(data, "good/zlib.joblib", compress=("zlib", 3))
    joblib.dump(data, "good/gzip.joblib", compress=("gzip", 3))
    joblib.dump({**data, "c": np.random.rand(1000, 1000)}, "good/lz4.joblib", compress="lz4")
    joblib.dump(Evil(), "evil/zlib.joblib", compress=("zlib", 3))
    joblib.dump(Evil(), "evil/gzip.joblib", compress=("gzip", 3))
    # What is not unpacked is not passed over.
    for codec in ["bz2", "lzma", "xz"]:
        joblib.dump(Evil(), f"evil/{codec}.joblib", compress=(codec, 3))
    joblib.dump(Evil(), "evil/lz4.joblib", compress="lz4")


def safetensors_files():
    tensors = {"a": np.zeros((3, 4), np.float32), "b": np.arange(5), "c": np.array(3, np.float16)}
    save_file(tensors, "good/model.safetensors", metadata={"format": "np"})
    save_file({}, "good/empty.safetensors")
    save_file({"a": np.zeros((0, 2))}, "good/zero.safetensors")


def onnx_files():
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4])
    weights = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    opsets = [helper.make_opsetid("", 17)]

    def model(nodes, functions=(), domains=()):
        graph = helper.make_graph(nodes, "g", [info("x")], [info("y")], [weights])
        imports = opsets + [helper.make_opsetid(domain, 1) for domain in domains]
        return helper.make_model(graph, functions=functions, opset_imports=imports)

    plain = model([helper.make_node("MatMul", ["x", "w"], ["y"])])
    onnx.checker.check_model(plain)
    onnx.save(plain, "good/model.onnx")
    onnx.save(
        copy.deepcopy(plain), "good/external/model.onnx", save_as_external_data=True, location="w.data", size_threshold=0
    )
    own = helper.make_function("my", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], opsets)
    onnx.save(model([helper.make_node("Twice", ["x"], ["y"], domain="my")], [own], ["my"]), "good/function.onnx")
    then = helper.make_graph([helper.make_node("Evil", ["x"], ["z"], domain="evil.ops")], "t", [], [info("z")])
    branch = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=then)
    onnx.save(model([branch], [], ["evil.ops"]), "evil/operator.onnx")
    outside = copy.deepcopy(plain)
    tensor = outside.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="sub/../../../etc/passwd")
    open("evil/outside.onnx", "wb").write(outside.SerializeToString())


def gguf_files():
    def write(name, template, tensors=True):
        writer = gguf.GGUFWriter(name, "llama")
        writer.add_block_count(1)
        writer.add_token_list(["a", "b"])
        writer.add_chat_template(template)
        if tensors:
            writer.add_tensor("half", np.ones((33,), np.float16))
            for kind in ["Q4_0", "Q8_0", "Q5_1", "BF16"]:
                type_ = gguf.GGMLQuantizationType[kind]
                packed = gguf.quants.quantize(np.ones((2, 256), np.float32), type_)
                writer.add_tensor(kind, packed, raw_dtype=type_)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    loop = "{% for m in messages %}{{ m['role'] }}: {{ m.content | trim }}{% endfor %}"
    write("good/model.gguf", loop)
    write("good/vocabulary.gguf", loop, tensors=False)
    write("evil/template.gguf", "{{ ''.__class__.__mro__[1].__subclasses__() }}")


def keras_files():
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.1))(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Concatenate()([x + 1.0, keras.ops.exp(x)[:, 1:]])
    functional = keras.Model(inputs, x)
    functional.compile("adam", "mse", metrics=["accuracy", keras.metrics.AUC()])
    sequential = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.RandomFlip(),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, kernel_constraint=keras.constraints.MaxNorm()),
            keras.layers.MaxPool2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    sequence = keras.Sequential(
        [keras.Input((5,)), keras.layers.Embedding(10, 4), keras.layers.Bidirectional(keras.layers.LSTM(3))]
    )
    evil = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    for name, model in {"functional": functional, "sequential": sequential, "sequence": sequence}.items():
        model.save(f"good/{name}.keras")
        model.save(f"good/{name}.h5")
        model.save_weights(f"good/{name}.weights.h5")
    evil.save("evil/lambda.keras")
    evil.save("evil/lambda.h5")
    with h5py.File("good/numbers.h5", "w") as file:
        file["plain"] = np.random.rand(200, 200)
        file.create_dataset("packed", data=np.random.rand(50, 50), compression="gzip", shuffle=True)
        file.create_dataset("chunks", data=np.random.rand(500, 50), chunks=True)
        file.attrs["note"] = "numbers"
        file.attrs["json"] = '{"a": [1, 2, {"b": null}]}'
    with h5py.File("good/latest.h5", "w", libver="latest") as file:
        file["plain"] = np.random.rand(200, 200)
        file.attrs["config"] = "x" * 100_000


def other_files():
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a small text of words", "another text"] * 50), model_prefix="good/spiece", vocab_size=19
    )
    array = msgpack.ExtType(1, msgpack.packb(((2,), "float32", b"\0" * 8)))
    open("good/flax.msgpack", "wb").write(msgpack.packb({"params": {"kernel": array, "step": 3, "deep": [None, 1.5]}}))


for make in [numpy_files, joblib_files, safetensors_files, onnx_files, gguf_files, keras_files, other_files]:
    make()
