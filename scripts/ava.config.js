/** How `scripts/interop.ts` runs AVA: one file at a time, in processes that can be killed. */
// oxlint-disable-next-line import/no-default-export -- AVA asks for it
export default {
  extensions: ["ts"],
  files: ["test/interop/**/*.test.ts"],
  concurrency: 1,
  serial: true,
  timeout: "10m",
  workerThreads: false,
};
