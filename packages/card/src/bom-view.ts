/** What the cross-checks need of a bill of materials; `readBom` of `@mlsign/sbom` gives it. */
export interface BomView {
  /** `metadata.component`. */
  readonly root?: CardBomComponent | undefined;
  /** All components, nested ones too. */
  readonly components: readonly CardBomComponent[];
}

interface CardBomComponent {
  readonly type: string;
  readonly name: string;
  readonly version?: string | undefined;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly modelCard?: Readonly<Record<string, unknown>> | undefined;
}
