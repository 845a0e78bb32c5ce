import type { Format } from "./examine.ts";
import { GZIP, JOBLIB_ZFILE, ZLIB, ZSTD } from "./formats/compressed.ts";
import { DATA } from "./formats/data.ts";
import { GGUF } from "./formats/gguf.ts";
import { HDF5 } from "./formats/hdf5.ts";
import { JSON_TEXT } from "./formats/json.ts";
import { LZ4 } from "./formats/lz4.ts";
import { MSGPACK } from "./formats/msgpack.ts";
import { NPY } from "./formats/npy.ts";
import { ONNX } from "./formats/onnx.ts";
import { TEXT } from "./formats/plain-text.ts";
import { PROGRAM } from "./formats/program.ts";
import { REFUSED } from "./formats/refused.ts";
import { SAFETENSORS } from "./formats/safetensors.ts";
import { TAR } from "./formats/tar.ts";
import { TENSORFLOW } from "./formats/tensorflow.ts";
import { TFLITE } from "./formats/tflite.ts";
import { ZIP } from "./formats/zip.ts";
import { PICKLE } from "./pickle/format.ts";

/** Every format that is known; a source is looked at by all that recognise it. */
export const FORMATS: readonly Format[] = [
  SAFETENSORS,
  GGUF,
  NPY,
  ZIP,
  TAR,
  HDF5,
  ONNX,
  TENSORFLOW,
  TFLITE,
  MSGPACK,
  GZIP,
  ZLIB,
  ZSTD,
  LZ4,
  JOBLIB_ZFILE,
  REFUSED,
  PROGRAM,
  DATA,
  JSON_TEXT,
  TEXT,
  PICKLE,
];
