/** What was seen that a policy can speak of. */
export interface SeenForPolicy {
  readonly to: string;
  /** Who signed the model, by its signature's own word. */
  readonly signer: SeenSigner | undefined;
  /** The repository's address, and its branch as a ref. */
  readonly remote: string | undefined;
  readonly ref: string | undefined;
  readonly data: boolean;
  readonly locks: boolean;
  readonly card: boolean;
  readonly expires: Date;
}

export type SeenSigner =
  | { readonly issuer: string; readonly subject: string; readonly logged: boolean }
  | { readonly publicKey: string; readonly logged: boolean };

/**
 * A first policy, with comments that say what each part does. Where nobody was seen, a name stands
 * that nobody has: until it is replaced the policy refuses, and lets nobody in.
 */
export function policyProposal(seen: SeenForPolicy): string {
  const { to, signer, remote, ref, data, locks, card, expires } = seen;
  const logged = signer === undefined || signer.logged;
  const property = `MLSIGN_APPROVED_${to.toUpperCase().replaceAll("-", "_")}`;
  return `# What a model must have before it goes to ${to}. Nothing here is taken from the model itself.
# mlsign policy lint, explain and test check this file; name it by its digest where it is used:
#   mlsign promote MODEL --policy FILE@sha256:… --to ${to}
schema: urn:mlsign:policy:v1
name: ${to}
version: 1
# An expired policy refuses: look it over before you give it a new date.
expires: ${expires.toISOString().replace(/\.\d+Z$/, "Z")}
# warn tells what would be refused, and lets it pass.
mode: enforce
target: { to: ${to} }
${transparency(logged)}

identities:
${trainer(signer, remote)}
  # REPLACE: who may approve. People, each with the issuer that vouches for them.
  approver:
    issuer: https://accounts.google.com
    subjectIn: [nobody@example.com]

# Evidence, each by whom; more evidence never makes up for what is missing.
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: lineage, type: lineage, by: [trainer] }
${card ? "" : "  # "}${card ? "  " : ""}- { id: card, type: card, by: [trainer] }
  - { id: sbom, type: sbom, by: [trainer] }
  # Somebody else than the trainer; threshold: 2 asks for two people.
  - id: approval
    type: approval
    by: [approver]
    distinctFrom: [signature, lineage]
    properties: [${property}]
${logged ? "    maxAge: 30d\n" : "    # maxAge: 30d   # needs a trusted time: a log or a timestamp\n"}
lineage:
  git:
${remote === undefined ? "    # repositories: [https://git.example/org/repo]\n" : `    repositories: [${quoted(remote)}]\n`}    ${ref === undefined ? "# refs: [refs/heads/main]" : `refs: [${quoted(ref)}]`}
    clean: true
    # signed: [ssh, openpgp, gitsign]   # with --allowed-signers or --gpg-keys
    # matchCertificate: true            # the signing job's certificate names the commit
${data ? "  dvc: { rehashed: true }\n" : "  # dvc: { rehashed: true }\n"}  # container: { registries: [registry.example/org], exists: true }
  baseModels: { allow: [] }

${locks ? "" : "# "}dependencies: { hashPinned: true }
scan: { clean: true }
# storage: { locked: true, mode: COMPLIANCE, minRetention: 365d }
${card ? "card: { fields: [license] }\n" : "# card: { fields: [license] }\n"}references: { digestOnly: true, forbidTags: [latest] }
# files: { allowIgnored: [notes.txt] }   # what the signer may leave out of the signature

# Revocation, judged by trusted time:
# deny:
#   signers: [{ subject: gone@example.com, reason: left the team, since: 2026-01-31T00:00:00Z }]
`;
}

function transparency(logged: boolean): string {
  if (logged)
    return `# Every signature was witnessed by a transparency log.
trust: { transparency: log }`;
  return `# REPLACE: say why nobody witnesses signatures, or ask for log, timestamp or log-or-timestamp.
trust: { transparency: none, reason: the model is signed with a key and without a witness }`;
}

function trainer(signer: SeenSigner | undefined, remote: string | undefined): string {
  if (signer !== undefined && "publicKey" in signer) {
    const pem = signer.publicKey.trim().replaceAll("\n", "\n      ");
    return `  # Who trains and signs: the key that was given.
  trainer:
    publicKey: |
      ${pem}`;
  }
  if (signer !== undefined) {
    return `  # Who trains and signs: as the model's signature says. Make sure that it is who should.
  trainer:
    issuer: ${quoted(signer.issuer)}
    subject: ${quoted(signer.subject)}`;
  }
  const github = /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+?(?=\.git$|$)/.exec(remote ?? "")?.[0];
  if (github !== undefined) {
    return `  # REPLACE the workflow: who trains and signs. No signature was looked at.
  trainer:
    issuer: https://token.actions.githubusercontent.com
    subject: ${quoted(`${github}/.github/workflows/REPLACE.yml@refs/heads/main`)}`;
  }
  return `  # REPLACE: who trains and signs. No signature was looked at; --model names one.
  trainer: { issuer: https://issuer.example, subject: nobody@example.com }`;
}

/** A stranger's text as YAML reads it back. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
