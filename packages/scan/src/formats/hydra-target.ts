import type { Examination } from "../examine.ts";
import { judgeCallable } from "./python-name.ts";

/** `_target_` of Hydra, as NeMo's configurations have it: a name that is imported and called. */
export function judgeTarget(target: string, examination: Examination): void {
  examination.format("hydra-config");
  const dot = target.lastIndexOf(".");
  const module = dot < 0 ? "" : target.slice(0, dot);
  const name = target.slice(dot + 1);
  const known =
    /^(?:nemo\.(?:collections|core)|nemo_text_processing|torch\.(?:nn|optim)|lightning\.pytorch|pytorch_lightning)\./;
  const verdict =
    known.test(`${module}.`) && /^[A-Z]\w*$/.test(name) ? "allowed" : judgeCallable(module, name);
  if (verdict === "allowed") return;
  examination.report({
    verdict,
    rule: "hydra-target",
    message: `has ${target} called when it is loaded (_target_)`,
    import: { module, name, called: true },
  });
}
