/** Whether an archive's entries are those of PyTorch before 0.1.10. */
export function judgeTorchTar(names: readonly string[]): boolean {
  const own = new Set(names.map((name) => name.replace(/^\.\//, "")));
  return own.has("pickle") && own.has("storages") && own.has("tensors");
}
