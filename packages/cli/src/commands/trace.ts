import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import { addTrustOptions } from "../options/trust-options.ts";
import type { TraceDiffOptions } from "../trace/trace-diff.ts";
import type { Question, TraceOptions } from "../trace/trace.ts";

interface Query {
  readonly name: string;
  readonly what: string;
  readonly argument: string;
  readonly about: string;
  readonly example: string;
  ask(value: string): Promise<Question>;
}

const store = () => import("@mlsign/store");

const QUERIES: readonly Query[] = [
  {
    name: "model",
    what: "where a model came from, and all evidence about it",
    argument: "<model>",
    about: "its root digest, or the name that claims give it",
    example: "model.onnx",
    ask: async (value) => {
      const { ancestry } = await store();
      return (from, options) => ancestry(from, { value }, options);
    },
  },
  {
    name: "from",
    what: "which models came from a commit, data set, container or base model",
    argument: "<thing>",
    about: "gitCommit:HEX, md5:HEX of DVC, sha256:HEX, or a URI",
    example: "gitCommit:0123456789012345678901234567890123456789",
    ask: async (value) => {
      const { madeFrom } = await store();
      return (from, options) => madeFrom(from, { value }, options);
    },
  },
  {
    name: "purl",
    what: "which models contain a package",
    argument: "<purl>",
    about: "PURL, PURL@VERSION, or PURL@RANGE like pkg:pypi/torch@>=2,<2.4",
    example: "pkg:pypi/torch@>=2,<2.4",
    ask: async (value) => {
      const { withPackage } = await store();
      const [, purl = value, range] = /^([^@]+(?:@[^@/]*\/[^@]*)?)@([<>=!].*)$/.exec(value) ?? [];
      return (from, options) => withPackage(from, purl, range, options);
    },
  },
  {
    name: "file",
    what: "which models contain a file",
    argument: "<sha256>",
    about: "of its bytes, in hex",
    example: "0000000000000000000000000000000000000000000000000000000000000000",
    ask: async (value) => {
      const { withFile } = await store();
      return (from, options) => withFile(from, value.replace(/^sha256:/, ""), options);
    },
  },
  {
    name: "promotions",
    what: "what was promoted, when and by whom",
    argument: "[target]",
    about: "only to this target",
    example: "prod",
    ask: async (value) => {
      const { promotions } = await store();
      return (from, options) => promotions(from, value, options);
    },
  },
];

export function traceCommand(host: Host, action: Action): Command {
  const command = new Command("trace")
    .description("where models came from, and what came of what, with the status of each claim")
    .helpCommand(false);
  for (const query of QUERIES) command.addCommand(queryCommand(query, host, action));
  command.addCommand(signerCommand(host, action));
  command.addCommand(gapsCommand(host, action));
  command.addCommand(diffCommand(host, action));
  return command;
}

function queryCommand(query: Query, host: Host, action: Action): Command {
  const command = new Command(query.name)
    .description(query.what)
    .argument(query.argument, query.about);
  return shared(command)
    .addHelpText("after", helpOf(`${query.name} ${quoted(query.example)}`))
    .action((value: string, options: TraceOptions) =>
      action(query.ask(value).then((question) => run(question, options, host))),
    );
}

interface SignerOptions extends TraceOptions {
  readonly issuer?: string;
  readonly since?: string;
  readonly until?: string;
}

function signerCommand(host: Host, action: Action): Command {
  const command = new Command("signer")
    .description("what an identity or key signed")
    .argument("<who>", "an e-mail address, a URI, or a key as sha256:HEX")
    .option("--issuer <url>", "who vouched for it")
    .option("--since <time>", "by trusted time; what has none is always told")
    .option("--until <time>", "by trusted time");
  const asked = async (who: string, options: SignerOptions): Promise<number> => {
    const [{ signedBy }, { timeOf }] = await Promise.all([store(), import("../trace/trace.ts")]);
    const { issuer, since, until } = options;
    const by = {
      signer: who,
      ...(issuer !== undefined && { issuer }),
      ...(since !== undefined && { since: timeOf(since) }),
      ...(until !== undefined && { until: timeOf(until) }),
    };
    return run((from, more) => signedBy(from, by, more), options, host);
  };
  return shared(command)
    .addHelpText("after", helpOf("signer alice@example.com --since 2026-01-01"))
    .action((who: string, options: SignerOptions) => action(asked(who, options)));
}

function gapsCommand(host: Host, action: Action): Command {
  const asked = async (options: TraceOptions): Promise<number> => {
    const { gaps } = await store();
    return run(async (from, more) => (await gaps(from, more)).graph, options, host);
  };
  return shared(new Command("gaps").description("which models lack verified evidence"))
    .addHelpText("after", helpOf("gaps"))
    .action((options: TraceOptions) => action(asked(options)));
}

function diffCommand(host: Host, action: Action): Command {
  return new Command("diff")
    .description("what changed between two models: commit, data, packages, parameters, files")
    .argument("<before>", "its root digest, or the name that claims give it")
    .argument("<after>", "the other")
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .option("--as-of <time>", "as it was known then")
    .option("--json", "print one JSON document")
    .addHelpText("after", helpOf("diff model.onnx model.onnx"))
    .action((before: string, after: string, options: TraceDiffOptions) =>
      action(
        import("../trace/trace-diff.ts").then((it) => it.traceDiff(before, after, options, host)),
      ),
    );
}

function shared(command: Command): Command {
  command
    .option("--store <place>", "a folder, or postgres://… (default: MLSIGN_STORE)")
    .option("--as-of <time>", "as it was known then")
    .option("--recheck", "verify each claim of the answer anew, by the flags below")
    .option("--policy <file>", "trust the keys and identities of this policy");
  return addTrustOptions(command)
    .option("--format <form>", "tree, json, mermaid, dot, openlineage, prov, csv or html", "tree")
    .option("-o, --output <file>", "write it to this file")
    .option("--json", "the same as --format json");
}

async function run(question: Question, options: TraceOptions, host: Host): Promise<number> {
  return (await import("../trace/trace.ts")).trace(question, options, host);
}

/** As a shell wants it. */
function quoted(word: string): string {
  return /[<>]/.test(word) ? `'${word}'` : word;
}

function helpOf(example: string): string {
  return `
Example:
  $ mlsign trace ${example} --store store
`;
}
