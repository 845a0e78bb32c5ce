/**
 * Where a remote holds an object: `files/md5/ab/cdef…` since DVC 3, `ab/cdef…` before
 * (lineage.md 1.5), relative to the remote's address.
 */
export function remoteKey(oid: string, algorithm: "md5" | "md5-dos2unix"): string {
  const path = `${oid.slice(0, 2)}/${oid.slice(2)}`;
  return algorithm === "md5" ? `files/md5/${path}` : path;
}
