import test from "ava";
import { sameSite } from "../src/same-site.ts";

const hosts: [string, string, boolean][] = [
  ["registry.example", "registry.example", true],
  ["registry.models.example", "auth.models.example", true],
  ["models.example", "auth.models.example", true],
  ["registry-1.docker.io", "auth.docker.io", true],
  ["registry.abc.de", "auth.abc.de", true],
  ["registry.models.example", "registry.other.example", false],
  ["registry.models.example", "models.example.evil.example", false],
  ["one.co.uk", "two.co.uk", false],
  ["registry.one.co.uk", "auth.one.co.uk", true],
  ["one.com.br", "two.com.br", false],
  ["localhost", "example", false],
  ["10.0.0.5", "11.0.0.5", false],
  ["10.0.0.5", "10.0.0.5", true],
  ["[::1]", "[::2]", false],
];
for (const [one, other, same] of hosts) {
  test(`sameSite() takes ${one} and ${other} for ${same ? "one site" : "two sites"}`, (t) => {
    t.is(sameSite(one, other), same);
    t.is(sameSite(other, one), same);
  });
}
