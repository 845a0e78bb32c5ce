/** What is known of a NumPy type that a pickle makes: the bytes of one item, and whether it holds objects. */
export interface Dtype {
  readonly text: string;
  item: number | undefined;
  objects: boolean;
}

/** The type of a text such as `f8`, `U12` or `V24`. */
export function dtypeOf(text: string): Dtype {
  const match = /^[<>|=]?([biufcmMSUVO?])(\d{0,9})$/.exec(text);
  const [, code = "V", digits = ""] = match ?? [];
  const count = digits === "" ? 1 : Number(digits);
  if (code === "O") return { text, item: undefined, objects: true };
  // A structure's fields, and whether they hold objects, come with its state.
  if (code === "V") return { text, item: undefined, objects: false };
  return { text, item: code === "U" ? count * 4 : count, objects: false };
}
