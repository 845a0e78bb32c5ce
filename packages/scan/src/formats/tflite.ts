import type { Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";

/** TensorFlow Lite: numbers and operators, among which may be TensorFlow's own, by name. */
export const TFLITE: Format = {
  name: "tflite",
  recognises: (source) => source.read(4, 4).toString("latin1") === "TFL3",
  async scan(source, examination) {
    examination.format("tflite");
    const found = findName(source);
    if (found === undefined) return;
    const message = `has the operator ${found}, which calls Python, or reads or writes files`;
    examination.report({ verdict: "dangerous", rule: "tf-operator", message });
  },
};

/** Names lie in it as they are. */
function findName(source: ByteSource): string | undefined {
  for (let at = 0; at < source.size; at += BLOCK) {
    const block = sliceSource(source, at, BLOCK + OVERLAP).read(0, BLOCK + OVERLAP);
    const found = HARMFUL.exec(block.toString("latin1"));
    if (found !== null) return found[0];
  }
  return undefined;
}

const HARMFUL =
  /Flex(?:ReadFile|WriteFile|MatchingFiles|PyFunc(?:Stateless)?|EagerPyFunc|Save(?:V2|Slices)?|MergeV2Checkpoints|PrintV2)/;
const BLOCK = 256 * 1024;
const OVERLAP = 64;
