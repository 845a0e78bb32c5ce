import test from "ava";
import { COMMIT, H, MD5, verdicts } from "./verdicts.ts";

const D = `@sha256:${H}`;

const TABLE: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "FROM: digest, tag, no tag, latest, scratch, registry with port",
    "Dockerfile",
    `FROM python:3.12${D}\nFROM python:3.12\nFROM python\nFROM python:latest\nFROM scratch\nFROM localhost:5000/a/b\nFROM a:latest${D}\n`,
    [
      `hash python:3.12${D}@1`,
      "none python:3.12@2",
      "none python@3",
      "none python:latest@4",
      "none localhost:5000/a/b@6",
      `hash a:latest${D}@7`,
      "image-pinned@2",
      "image-latest@3",
      "image-latest@4",
      "image-latest@6",
    ],
  ],
  [
    "malformed digests: upper case, short, too long, more behind it",
    "Dockerfile.gpu",
    `FROM a@sha256:${H.toUpperCase()}\nFROM a@sha256:${MD5}\nFROM a${D}0\nFROM a@md5:${MD5}\nFROM A/B\n`,
    [
      `none a@sha256:${H.toUpperCase()}@1`,
      `none a@sha256:${MD5}@2`,
      `none a${D}0@3`,
      `none a@md5:${MD5}@4`,
      "none A/B@5",
      "image-pinned@1",
      "image-pinned@2",
      "image-pinned@3",
      "image-pinned@4",
      "image-pinned@5",
    ],
  ],
  [
    "stages, by name in any case and by number, and images that look like them",
    "Dockerfile",
    `FROM a${D} AS Build\nFROM build\nCOPY --from=BUILD /x /y\nCOPY --from=0 /x /y\nCOPY --from=7 /x /y\nCOPY --from=nginx /x /y\nCOPY --chown=1 --from=b${D} /x /y\n`,
    [
      `hash a${D}@1`,
      "none 7@5",
      "none nginx@6",
      `hash b${D}@7`,
      "image-latest@5",
      "image-latest@6",
    ],
  ],
  [
    "a stage counts from its FROM on only",
    "Dockerfile",
    `FROM late\nFROM a${D} AS late\n`,
    ["none late@1", `hash a${D}@2`, "image-latest@1"],
  ],
  [
    "ARG: a default is no pin, a literal digest is, no default is unknown",
    "Dockerfile",
    `ARG BASE=python:3.12${D}\nARG REG\nARG TAG=3.12\nFROM \${BASE}\nFROM $REG/python${D}\nFROM $REG/x\nFROM python:\${TAG}\nFROM python:\${NONE:-3.11}\nARG LATE=a${D}\nFROM $LATE\n`,
    [
      `none python:3.12${D}@4`,
      `hash $REG/python${D}@5`,
      "none $REG/x@6",
      "none python:3.12@7",
      "none python:3.11@8",
      "none $LATE@10",
      "image-pinned@4",
      "?dependency-unknown@6",
      "image-pinned@7",
      "image-pinned@8",
      "?dependency-unknown@10",
    ],
  ],
  [
    "RUN --mount, ONBUILD, --platform, syntax, continuation, heredoc",
    "app.Dockerfile",
    `# syntax=docker/dockerfile:1\nFROM --platform=$BUILDPLATFORM a${D} AS s\nRUN --mount=type=bind,from=tools:1,target=/t --mount=type=cache,target=/c make\nRUN --mount=type=bind,from=s,target=/t make\nONBUILD COPY --from=x /a /b\nRUN <<EOF\nFROM evil\nCOPY --from=evil a b\nEOF\nCOPY \\\n  # comment\n  --from=y:1 \\\n  /a /b\n`,
    [
      "none docker/dockerfile:1@1",
      `hash a${D}@2`,
      "none tools:1@3",
      "none x@5",
      "none y:1@10",
      "image-pinned@1",
      "image-pinned@3",
      "image-latest@5",
      "image-pinned@10",
    ],
  ],
  [
    "another escape character",
    "Dockerfile",
    `# escape=\`\nFROM \`\n  a:1\n`,
    ["none a:1@2", "image-pinned@2"],
  ],
  [
    "ADD",
    "Dockerfile",
    `FROM scratch\nADD https://x/a.tgz /\nADD --checksum=sha256:${H} https://x/a.tgz /\nADD --checksum=sha256:${MD5} https://x/a.tgz /\nADD https://x/a.git#v1 /\nADD https://x/a.git#${COMMIT} /\nADD ["https://x/b", "/"]\nADD --checksum=$SUM https://x/c /\nADD local /\n`,
    [
      "none https://x/a.tgz@2",
      "hash https://x/a.tgz@3",
      "none https://x/a.tgz@4",
      "none https://x/a.git#v1@5",
      `commit https://x/a.git#${COMMIT}@6`,
      "none https://x/b@7",
      "none https://x/c@8",
      "dependency-pinned@2",
      "dependency-hash-malformed@4",
      "dependency-pinned@5",
      "~dependency-pinned@6",
      "dependency-pinned@7",
      "?dependency-unknown@8",
    ],
  ],
  ["no FROM", "Containerfile", "RUN true\n", ["dependency-file"]],
  [
    "a workflow",
    ".github/workflows/ci.yml",
    `on: push
jobs:
  reuse:
    uses: o/r/.github/workflows/x.yml@${COMMIT}
  reuse2:
    uses: ./.github/workflows/y.yml
  build:
    runs-on: ubuntu-latest
    container:
      image: node:20
    services:
      db: {image: "pg${D}"}
      x:
        image: \${{ matrix.image }}
    steps:
      - uses: actions/checkout@${COMMIT} # v4
      - uses: actions/cache@v4
      - uses: o/r/sub@${COMMIT}0
      - uses: o/r@${COMMIT.toUpperCase()}
      - uses: ./local
      - uses: docker://alpine:3
      - uses: docker://alpine${D}
      - uses: \${{ matrix.action }}
      - uses: o/r
      - run: |
          uses: evil/evil@main
`,
    [
      `commit o/r/.github/workflows/x.yml ${COMMIT}@4`,
      "none node:20@10",
      `hash pg${D}@12`,
      "none ${{ matrix.image }}@14",
      `commit actions/checkout ${COMMIT}@16`,
      "none actions/cache v4@17",
      `none o/r/sub ${COMMIT}0@18`,
      `none o/r ${COMMIT.toUpperCase()}@19`,
      "none alpine:3@21",
      `hash alpine${D}@22`,
      "none ${{ matrix.action }}@23",
      "none o/r@24",
      "image-pinned@10",
      "?dependency-unknown@14",
      "action-pinned@17",
      "action-pinned@18",
      "action-pinned@19",
      "image-pinned@21",
      "?dependency-unknown@23",
      "action-pinned@24",
    ],
  ],
  [
    "a composite action, and a container action",
    "a/action.yml",
    `runs:\n  using: composite\n  steps:\n    - uses: o/r@main\n    - run: x\n`,
    ["none o/r main@4", "action-pinned@4"],
  ],
  [
    "a container action",
    "action.yaml",
    `runs:\n  using: docker\n  image: docker://a:1\n`,
    ["none a:1@3", "image-pinned@3"],
  ],
  ["an action's own Dockerfile", "action.yml", "runs: {using: docker, image: Dockerfile}\n", []],
  [
    "Kubernetes: pods, lists, custom resources, image volumes; not ConfigMaps",
    "k.yaml",
    `apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers: [{name: i, image: "i${D}"}]
      containers:
        - name: a
          image: a:1
        - image: b
          name: b
      volumes:
        - image: {reference: "m:1"}
---
apiVersion: v1
kind: List
items:
  - kind: ConfigMap
    data: {image: c}
  - kind: Pod
    spec: {containers: [{image: "d:latest"}]}
---
apiVersion: x/v1
kind: Thing
spec:
  image: {repository: r, tag: "1", digest: "sha256:${H}"}
  sidecarImage: $(IMAGE)
---
apiVersion: v1
kind: ConfigMap
data:
  image: nothing
`,
    [
      `hash i${D}@6`,
      "none a:1@9",
      "none b@10",
      "none m:1@13",
      "none d:latest@21",
      `hash r:1${D}@26`,
      "none $(IMAGE)@27",
      "image-pinned@9",
      "image-latest@10",
      "image-pinned@13",
      "image-latest@21",
      "?dependency-unknown@27",
    ],
  ],
  [
    "a Helm template",
    "templates/d.yaml",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {{ .Values.image }}\n",
    ["?dependency-unknown"],
  ],
  [
    "Compose: anchors, merges, builds, variables, inline Dockerfiles",
    "docker-compose.yml",
    `x-base: &base
  image: base:1
services:
  a: {<<: *base}
  b: {<<: *base, image: "b${D}"}
  c:
    build: .
    image: mine
  d: {image: "\${REG}/d:1"}
  e: {image: "e\${TAG:-}"}
  f: {image: "\${F:-f${D}}"}
  g: {image: "\${REG:-x}/g${D}"}
  h:
    build:
      context: https://x/h.git#main
      additional_contexts: {base: "docker-image://k:1"}
      dockerfile_inline: |
        FROM i:1
        RUN true
  l:
    image: l
    volumes: [{type: image, source: "m:1"}, "./x:/y"]
`,
    [
      "none base:1@2",
      `hash b${D}@5`,
      "none ${REG}/d:1@9",
      "none e@10",
      `none f${D}@11`,
      `hash \${REG:-x}/g${D}@12`,
      "none https://x/h.git#main@15",
      "none i:1@18",
      "none k:1@16",
      "none l@21",
      "none m:1@22",
      "image-pinned@2",
      "?dependency-unknown@9",
      "image-latest@10",
      "image-pinned@11",
      "dependency-pinned@15",
      "image-pinned@18",
      "image-pinned@16",
      "image-latest@21",
      "image-pinned@22",
    ],
  ],
  [
    "a kustomization",
    "kustomization.yaml",
    `resources:
  - deployment.yaml
  - https://github.com/o/r//base?ref=v1
  - github.com/o/r?ref=${COMMIT}
images:
  - name: a
    newTag: "1"
  - name: b
    digest: sha256:${H}
  - name: c
    newName: d
  - name: e
    newTag: latest
helmCharts:
  - name: chart
    version: 1.0.0
`,
    [
      "none a:1@6",
      `hash b${D}@8`,
      "none e:latest@12",
      "none https://github.com/o/r//base?ref=v1@3",
      `commit github.com/o/r?ref=${COMMIT}@4`,
      "none chart 1.0.0@15",
      "image-pinned@6",
      "image-latest@12",
      "dependency-pinned@3",
      "~dependency-pinned@4",
      "dependency-pinned@15",
    ],
  ],
];

for (const [what, file, text, expected] of TABLE) {
  test(`\`checkFile()\` judges ${file}: ${what}`, (t) => {
    t.deepEqual(verdicts(file, text), expected);
  });
}

test("`checkFile()` takes a build argument's default where the policy allows it", (t) => {
  const text = `ARG BASE=a${D}\nFROM $BASE\n`;
  t.deepEqual(verdicts("Dockerfile", text, { policy: { allowArgs: true } }), [`hash a${D}@2`]);
});
