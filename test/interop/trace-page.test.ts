/** The page of `mlsign trace --format html` in a real browser: offline, inert, searchable, in both themes. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { LineageEdge, LineageNode } from "@mlsign/core";
import { toHtml } from "@mlsign/trace";
import test, { type ExecutionContext } from "ava";
import { openPage, type Page } from "../../scripts/peers/chromium.ts";

/** Screenshots are kept where MLSIGN_SCREENSHOTS says, for people to look at. */
const KEPT = process.env["MLSIGN_SCREENSHOTS"];
const HOSTILE = [
  "<script>window.pwned=1</script>",
  "</pre><img src=http://127.0.0.1:9/x onerror=window.pwned=1>",
  "javascript:window.pwned=1",
  '" onmouseover=window.pwned=1 x="',
  "\u202egnp.exe\u001b[31m",
];

function html(): string {
  const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
  const root = `sha256:${hex("model")}`;
  const others = HOSTILE.map((name): LineageNode => ({
    id: `sha256:${hex(name)}`,
    kind: "dataset",
    name,
    digests: { sha256: hex(name) },
    details: { path: name },
  }));
  const statuses = ["verified", "unverified", "failed", "verified", "missing"] as const;
  const edges = others.map(({ id, name }, at): LineageEdge => ({
    from: root,
    to: id,
    relation: "made from",
    status: statuses[at] ?? "verified",
    signer: name,
    added: "2026-03-02T00:00:00.000Z",
    bundle: hex(`bundle of ${name}`),
    type: name,
  }));
  const nodes = [
    { id: root, kind: "model" as const, name: "fraud-net", digests: { sha256: hex("model") } },
    ...others,
  ];
  const bundles = HOSTILE.map((name) => ({
    sha256: hex(`bundle of ${name}`),
    text: name,
    statement: name,
  }));
  return toHtml(
    { question: "where fraud-net came from", focus: root, nodes, edges },
    { bundles, made: "2026-05-01T00:00:00.000Z", tool: "mlsign", trust: "" },
  );
}

async function opened(t: ExecutionContext): Promise<Page | undefined> {
  const home = mkdtempSync(join(tmpdir(), "mlsign-page-"));
  const page = await openPage(home);
  t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  if ("reason" in page) {
    t.log(`skipped: Chromium: ${page.reason}`);
    t.pass();
    return undefined;
  }
  t.teardown(() => page.close());
  writeFileSync(join(home, "trace.html"), html());
  for (const part of ["Page", "Network", "Log", "Runtime"]) await page.ask(`${part}.enable`);
  await page.ask("Emulation.setDeviceMetricsOverride", {
    width: 1200,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  });
  await page.ask("Page.navigate", { url: pathToFileURL(join(home, "trace.html")).href });
  await page.told("Page.loadEventFired");
  return page;
}

async function evaluate(page: Page, expression: string): Promise<unknown> {
  const answer = await page.ask("Runtime.evaluate", { expression, returnByValue: true });
  return (answer["result"] as { readonly value?: unknown }).value;
}

async function type(page: Page, text: string): Promise<void> {
  for (const key of text) {
    await page.ask("Input.dispatchKeyEvent", { type: "keyDown", key, text: key });
    await page.ask("Input.dispatchKeyEvent", { type: "keyUp", key });
  }
}

const SHOWN = `[...document.querySelectorAll("tr[data-item]")].filter((it) => !it.hidden).length`;

test("the page asks for nothing, runs nothing of a stranger's, and reports no error", async (t) => {
  const page = await opened(t);
  if (page === undefined) return;
  t.is(await evaluate(page, "document.title.length > 0"), true);
  t.is(await evaluate(page, "typeof window.pwned"), "undefined");
  t.is(await evaluate(page, `document.querySelectorAll("img,iframe,object,link").length`), 0);
  t.is(await evaluate(page, "document.scripts.length"), 1);
  const links = `[...document.querySelectorAll("a")].every((it) => it.getAttribute("href").startsWith("#"))`;
  t.is(await evaluate(page, links), true);
  t.is(
    await evaluate(
      page,
      String.raw`/[\u202a-\u202e\u001b]/.test(document.querySelector("svg").textContent)`,
    ),
    false,
  );
  for (const name of HOSTILE.slice(0, 4)) {
    const shown = `document.body.textContent.includes(${JSON.stringify(name)})`;
    t.is(await evaluate(page, shown), true, name);
  }
  const asked = page.events
    .filter(({ method }) => method === "Network.requestWillBeSent")
    .map(({ params }) => (params["request"] as { readonly url: string }).url);
  t.true(asked.length > 0);
  t.deepEqual(
    asked.filter((url) => !url.startsWith("file://")),
    [],
  );
  const wrong = ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"];
  t.deepEqual(
    page.events.filter(({ method }) => wrong.includes(method)),
    [],
  );
});

test("the page's policy stops a script and a picture that got in all the same", async (t) => {
  const page = await opened(t);
  if (page === undefined) return;
  await evaluate(
    page,
    `document.body.insertAdjacentHTML("beforeend", "<img src='http://127.0.0.1:9/x' onerror='window.pwned=1'>")`,
  );
  await page.told("Log.entryAdded");
  t.is(await evaluate(page, "typeof window.pwned"), "undefined");
  const told = JSON.stringify(page.events.filter(({ method }) => method === "Log.entryAdded"));
  t.regex(told, /Content Security Policy/);
});

test("the page is searched and left by keyboard", async (t) => {
  const page = await opened(t);
  if (page === undefined) return;
  const all = Number(await evaluate(page, SHOWN));
  t.true(all > HOSTILE.length);
  await type(page, "/");
  t.is(await evaluate(page, "document.activeElement.id"), "find");
  await type(page, "onmouseover");
  const some = Number(await evaluate(page, SHOWN));
  t.true(some > 0 && some < all, `${some} of ${all}`);
  const counted = String(await evaluate(page, `document.getElementById("found").textContent`));
  t.regex(counted, /^\d+ of \d+ entries$/);
  const escape = { key: "Escape", code: "Escape", windowsVirtualKeyCode: 27 };
  await page.ask("Input.dispatchKeyEvent", { type: "keyDown", ...escape });
  t.is(await evaluate(page, SHOWN), all);
  await evaluate(page, `document.querySelector("a[href^='#bundle-']").click()`);
  await evaluate(page, "new Promise((done) => setTimeout(done, 100))");
  t.is(await evaluate(page, `document.querySelectorAll("details[open]").length`), 1);
});

test("the page has a light and a dark theme, and prints", async (t) => {
  const page = await opened(t);
  if (page === undefined) return;
  const colours: unknown[] = [];
  for (const value of ["light", "dark"]) {
    const features = [{ name: "prefers-color-scheme", value }];
    await page.ask("Emulation.setEmulatedMedia", { features });
    colours.push(await evaluate(page, "getComputedStyle(document.body).backgroundColor"));
    const { data } = await page.ask("Page.captureScreenshot", { format: "png" });
    const picture = Buffer.from(String(data), "base64");
    t.true(picture.length > 20_000, "something is drawn");
    if (KEPT !== undefined) {
      mkdirSync(KEPT, { recursive: true });
      writeFileSync(join(KEPT, `trace-${value}.png`), picture);
    }
  }
  t.not(colours[0], colours[1]);
  const wide = "document.documentElement.scrollWidth <= innerWidth";
  t.is(await evaluate(page, wide), true, "nothing is cut off at the side");
  const { data } = await page.ask("Page.printToPDF");
  t.is(Buffer.from(String(data), "base64").subarray(0, 5).toString(), "%PDF-");
});
