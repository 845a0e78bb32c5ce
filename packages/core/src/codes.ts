/**
 * The registry of stable codes. Scripts match on them, so a code is never renamed or reused;
 * `docs/codes.md` is generated from this file.
 */

/** Who is at fault, which fixes the exit code: 1, 2, 3 or 70. */
export type Category = "refused" | "usage" | "unavailable" | "defect";

/** Codes of errors: the run ended without a verdict of its own. */
export const ERROR_CODES = {
  "archive-invalid": [
    "refused",
    "The archive is damaged, or holds a link, a special entry, a duplicate or an escaping name",
  ],
  "bundle-malformed": ["refused", "The bundle is not a well-formed Sigstore bundle"],
  "bundle-missing": ["refused", "There is no bundle where one is needed"],
  "certificate-unsuitable": [
    "usage",
    "The certificate cannot be used to sign: expired, not for code signing, or of another key",
  ],
  "config-invalid": [
    "usage",
    "A configuration file is malformed, or holds a key that it may not hold",
  ],
  "confirmation-needed": ["usage", "A question that only a person can answer was not answered"],
  defect: ["defect", "mlsign itself is broken: please report it"],
  "disk-full": ["unavailable", "There is no space left where a file must be written"],
  "file-changed-while-hashing": [
    "refused",
    "A file changed, grew, shrank or vanished while it was read",
  ],
  "file-unreadable": ["unavailable", "A file cannot be read"],
  "file-unwritable": ["unavailable", "A file cannot be written"],
  "identity-token-invalid": ["usage", "The identity token is not a usable OpenID Connect token"],
  "identity-token-missing": ["usage", "Keyless signing needs an identity, and none was found"],
  "json-invalid": ["refused", "The text is not strict JSON, or is larger or deeper than allowed"],
  "key-invalid": ["usage", "The key cannot be read"],
  "key-unsuitable": ["usage", "The key's kind or size is not allowed for this use"],
  "limit-exceeded": ["refused", "The input exceeds a fixed limit"],
  locked: ["unavailable", "Another mlsign is writing the same file"],
  "login-failed": ["unavailable", "The interactive login did not end with a token"],
  "manifest-invalid": ["refused", "The signed manifest breaks the rules of its format"],
  "model-empty": ["usage", "The model holds no file to sign"],
  "model-missing": ["usage", "There is no such model"],
  "name-invalid": [
    "refused",
    "A file's name cannot be signed: not UTF-8, absolute, escaping, or holding a control character",
  ],
  "output-exists": ["usage", "The output exists and is never overwritten"],
  "passphrase-missing": ["usage", "The key is encrypted and no passphrase was given"],
  "passphrase-wrong": ["usage", "The passphrase does not open the key"],
  "service-failed": ["unavailable", "A service refused, failed, or did not answer in time"],
  "service-lied": [
    "unavailable",
    "A service answered with something that is not what was asked for",
  ],
  "signer-failed": ["unavailable", "The signing program or token did not sign"],
  "special-file": ["refused", "The model holds a device, FIFO or socket"],
  "symlink-escape": ["refused", "A symbolic link leads out of the model, or in a circle"],
  "symlink-refused": ["refused", "The model holds a symbolic link and links were not allowed"],
  "trust-missing": ["usage", "Nobody was named to trust"],
  "trusted-root-invalid": [
    "usage",
    "The trusted root, trust configuration or signing configuration is malformed",
  ],
  "trusted-root-unavailable": [
    "unavailable",
    "No trusted root could be had for the public instance",
  ],
  unsigned: ["refused", "The model has no signature"],
  usage: ["usage", "The command line is wrong"],
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes of findings: what a rule said of facts. */
export const FINDING_CODES = {
  "action-pinned": "The action is pinned to a commit",
  "bundle-form": "The signature file is a well-formed bundle of a known kind",
  "bundle-legacy": "The signature has the form of an earlier release",
  "card-form": "The model card is well formed",
  "card-match": "The model card agrees with the model, its bill of materials and its files",
  "card-rule": "The model card keeps the rule that the message names",
  "certificate-chain": "The certificate leads to a trusted authority",
  "certificate-log": "The certificate is in a certificate transparency log",
  "certificate-purpose": "The certificate is made for signing code",
  "certificate-time": "The certificate was valid when the signature was made",
  "claim-form": "The line of the claims file is a bundle with a statement",
  "claim-subject": "The claim is about this model",
  "claim-valid": "The claim is signed by a trusted signer",
  "commit-signed": "The commit is signed by somebody allowed",
  "dependency-build-unpinned": "What is needed to build the dependency is pinned as well",
  "dependency-file": "The dependency file is well formed",
  "dependency-hash-detached": "The hash is part of the requirement that it stands by",
  "dependency-hash-malformed": "The hash has the form and length of its algorithm",
  "dependency-hash-weak": "The hash is SHA-256 or stronger",
  "dependency-option": "No option lets bytes in that no hash covers",
  "dependency-pinned": "The dependency is pinned by the hash of each artifact",
  "dependency-unknown": "The dependency can be judged from the file alone",
  "file-changed": "The file has the signed content",
  "file-extra": "The file is part of the signature",
  "file-missing": "The signed file is there",
  "file-renamed": "The file has the signed name",
  "file-uncovered": "The file is outside the signature because its signer said so",
  "files-match": "The files are the signed ones",
  "identity-match": "The signer is the one who is trusted",
  "image-latest": "The image is not named by a moving tag",
  "image-pinned": "The image is pinned by its digest",
  "installed-match": "The installed file is the one of the pinned wheel",
  "installed-unowned": "Every installed file belongs to a pinned package",
  "issuer-match": "The signer's identity was vouched for by the trusted issuer",
  "key-hint": "The bundle names the key that verified it",
  "key-suitable": "The key's algorithm is allowed",
  "lineage-container": "The lineage's container is pinned by a digest that the registry has",
  "lineage-data": "The lineage's data is what the commit names",
  "lineage-form": "The lineage names exactly one source, one data set and one container",
  "lineage-pins": "The lock files at the lineage's commit are pinned by hash",
  "lineage-source": "The lineage's commit is the one that was built",
  "log-entry": "The transparency log holds this signature",
  "manifest-form": "The signed manifest is well formed and within its own rules",
  "manifest-order": "The manifest is in the specification's order",
  "method-match": "The signature is of the kind that the caller trusts",
  "name-clash": "No two names differ by case or Unicode normalisation alone",
  "no-transparency": "The signature has a witness: a log entry or a timestamp",
  "payload-type": "The envelope holds an in-toto statement",
  "predicate-type": "The statement is a model signature",
  "root-match": "The subject's digest is that of the manifest",
  "sbom-form": "The bill of materials is valid CycloneDX",
  "sbom-match": "The bill of materials agrees with the signed manifest, the pins and the lineage",
  "shards-blind": "Empty files are covered by the signature",
  "signature-valid": "The signature was made by the trusted key over these bytes",
  "subject-match": "The signature's subject is this file",
  "timestamp-valid": "A trusted authority says when the signature was made",
  "trusted-root-age": "The trusted root is recent",
  "wheel-match": "The wheel has a pinned hash",
} as const;

export type FindingCode = keyof typeof FINDING_CODES;
