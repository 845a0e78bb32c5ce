import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpacked } from "./debian.ts";
import { freePorts, isolated, mustRun, type Service, start } from "./run.ts";

export interface RadosUser {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Ceph's S3 gateway over one monitor and one store in memory: a server that enforces Object Lock. */
export interface RadosGateway {
  readonly endpoint: string;
  /** Owner of every bucket. */
  readonly admin: RadosUser;
  /** Somebody else: `arn:aws:iam:::user/pipeline` in a bucket's policy. */
  readonly pipeline: RadosUser;
  readonly stop: () => Promise<void>;
}

/** Where Debian's packages are unpacked, or why they are not. */
export async function radosPackages(): Promise<
  { readonly folder: string } | { readonly reason: string }
> {
  return unpacked("radosgw", PACKAGES, "usr/bin/radosgw");
}

/**
 * Starts it on 127.0.0.1 in a folder of its own: no root, no service, nothing on the disk but
 * logs. Each daemon has a keeper, so that none outlives this process.
 */
export async function startRadosGateway(folder: string, dir: string): Promise<RadosGateway> {
  rmSync(dir, { recursive: true, force: true });
  for (const name of ["mon", "osd", "rgw", "run", "log"])
    mkdirSync(join(dir, name), { recursive: true });
  const [monitor = 0, gateway = 0] = await freePorts(2);
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const conf = join(dir, "ceph.conf");
  writeFileSync(conf, configuration({ folder, dir, fsid, monitor, gateway }));
  const env = environment(folder, conf);
  const options = { env: { ...isolated(dir), ...env }, cwd: dir };
  const bin = (name: string): string => join(folder, "usr/bin", name);
  const call = async (name: string, ...args: string[]): Promise<string> =>
    mustRun(bin(name), args, options);
  const services: Service[] = [];
  const stop = async (): Promise<void> => {
    for (const service of services.toReversed()) await service.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  const endpoint = `http://127.0.0.1:${gateway}`;
  // The next call of each but the gateway waits until it answers.
  const daemon = async (name: string, ...args: string[]): Promise<void> => {
    const ready = name === "radosgw" ? endpoint : async () => Promise.resolve(true);
    services.push(await start(name, [bin(name), "-f", ...args], { ready, dir, env }));
  };
  try {
    const map = join(dir, "monmap");
    const address = `v2:127.0.0.1:${monitor}/0`;
    await call("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, map);
    await call("ceph-mon", "--mkfs", "-i", "a", "--monmap", map, "--keyring", "/dev/null");
    await daemon("ceph-mon", "-i", "a");
    await mustRun("python3", ["-c", NEW_OSD, conf, osd], options);
    await call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd);
    await daemon("ceph-osd", "-i", "0");
    for (const { accessKeyId: id, secretAccessKey: secret } of [ADMIN, PIPELINE]) {
      const key = ["--access-key", id, "--secret", secret];
      await call("radosgw-admin", "user", "create", "--uid", id, "--display-name", id, ...key);
    }
    await daemon("radosgw", "-n", "client.rgw");
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, admin: ADMIN, pipeline: PIPELINE, stop };
}

/** Its libraries, classes and Python modules lie where the packages were unpacked. */
function environment(folder: string, conf: string): NodeJS.ProcessEnv {
  const libraries = ["usr/lib/ARCH-linux-gnu", "usr/lib/ARCH-linux-gnu/ceph", "lib/ARCH-linux-gnu"];
  return {
    CEPH_CONF: conf,
    LD_LIBRARY_PATH: libraries.map((it) => join(folder, it.replace("ARCH", ARCH))).join(":"),
    PYTHONPATH: join(folder, "usr/lib/python3/dist-packages"),
  };
}

interface Layout {
  readonly folder: string;
  readonly dir: string;
  readonly fsid: string;
  readonly monitor: number;
  readonly gateway: number;
}

/**
 * As small and as fast as it goes: without `paxos …` it takes ten seconds more, and radosgw hangs
 * where monitors want a secure mode, which there is none of without authentication.
 */
function configuration({ folder, dir, fsid, monitor, gateway }: Layout): string {
  const plugins = join(folder, `usr/lib/${ARCH}-linux-gnu`);
  return `[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${monitor}/0
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms mon client mode = crc secure
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${dir}/run
admin socket = ${dir}/run/$name.$pid.asok
pid file = ${dir}/run/$name.pid
log file = ${dir}/log/$name.log
crash dir = ${dir}/log
mon data = ${dir}/mon
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
paxos propose interval = 0.02
paxos min wait = 0.01
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class dir = ${plugins}/rados-classes
osd class load list = *
osd class default list = *
plugin dir = ${plugins}/ceph
erasure code dir = ${plugins}/ceph/erasure-code
[client.rgw]
rgw data = ${dir}/rgw
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw thread pool size = 16
`;
}

const ADMIN: RadosUser = { accessKeyId: "admin", secretAccessKey: "adminsecret" };
const PIPELINE: RadosUser = { accessKeyId: "pipeline", secretAccessKey: "pipelinesecret" };
const ARCH = process.arch === "arm64" ? "aarch64" : "x86_64";
/** What `ceph osd new` sends, without the modules that it prints tables with. */
const NEW_OSD = `import json, rados, sys
cluster = rados.Rados(conffile=sys.argv[1], name="client.admin")
cluster.connect(timeout=20)
code, _, why = cluster.mon_command(
    json.dumps({"prefix": "osd new", "uuid": sys.argv[2], "id": 0}), b"")
cluster.shutdown()
sys.exit(why if code else 0)
`;
/** The programs, and the libraries of theirs that a small Debian lacks. */
const PACKAGES = [
  "radosgw",
  "ceph-base",
  "ceph-common",
  "ceph-mon",
  "ceph-osd",
  "libaio1",
  "libboost-context1.74.0",
  "libboost-thread1.74.0",
  "libcephfs2",
  "libdaxctl1",
  "libfmt9",
  "libfuse2",
  "libibverbs1",
  "libleveldb1d",
  "liblua5.3-0",
  "libndctl6",
  "libnl-3-200",
  "libnl-route-3-200",
  "liboath0",
  "libpmem1",
  "librabbitmq4",
  "librados2",
  "libradosstriper1",
  "librbd1",
  "librdmacm1",
  "libsnappy1v5",
  "python3-rados",
];
