/**
 * The body of an answer, as long as it is no longer than `most` bytes.
 *
 * @throws Error beyond that, and where the connection breaks
 */
export async function readBody(
  response: { readonly body: AsyncIterable<Uint8Array> | null },
  most: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most) throw new Error(`more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
