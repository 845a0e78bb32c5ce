/** Reads, checks and converts model cards. @module */
export { CARD_RULES } from "./rules.ts";
export { CARD_REFERENCE_TYPE, cardReferenceClaim, checkCardReference } from "./reference.ts";
export { cardFormatOf, convertCard } from "./convert.ts";
export { checkCardSubject } from "./subject.ts";
export { lintCard } from "./lint.ts";
export { parseCard } from "./card.ts";
export { parseCardPolicy } from "./policy.ts";

export type { BomView } from "./bom-view.ts";
export type { Card, CardFault } from "./card.ts";
export type { CardFormat, Converted } from "./convert.ts";
export type { CardPolicy } from "./report.ts";
export type { CardReferenceClaim } from "./reference.ts";
export type { FrontMatter, YamlPath } from "./front-matter.ts";
export type { CardFile, LintOptions } from "./lint-options.ts";
export type { CardPolicyFile } from "./policy.ts";
export type { RuleId } from "./rules.ts";
export type { Section } from "./sections.ts";
