import { spawn } from "node:child_process";

/** Opens an address in the person's browser where there is one; it was printed as well. */
export function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): void {
  const program = { darwin: "open", linux: "xdg-open" }[process.platform as string];
  if (program === undefined || (program === "xdg-open" && !env.DISPLAY && !env.WAYLAND_DISPLAY))
    return;
  const child = spawn(program, [url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
