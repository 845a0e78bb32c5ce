import { Component } from "@cyclonedx/cyclonedx-library/Models";
import { JSON as CycloneJson } from "@cyclonedx/cyclonedx-library/Serialize";
import type { JsonObject, JsonValue } from "@mlsign/core";

type Normalizer = CycloneJson.Normalize.ComponentNormalizer;

/** A component with what CycloneDX has for machine learning and the library has no model of. */
export class MlComponent extends Component {
  modelCard: JsonObject | undefined;
  data: JsonValue | undefined;
  pedigree: JsonObject | undefined;
}

class MlComponentNormalizer extends CycloneJson.Normalize.ComponentNormalizer {
  override normalize(
    component: Parameters<Normalizer["normalize"]>[0],
    options: Parameters<Normalizer["normalize"]>[1],
  ): ReturnType<Normalizer["normalize"]> {
    const normalized = super.normalize(component, options);
    if (normalized === undefined || !(component instanceof MlComponent)) return normalized;
    const { pedigree, modelCard, data } = component;
    return Object.assign(normalized, { pedigree, modelCard, data });
  }
}

export class MlFactory extends CycloneJson.Normalize.Factory {
  override makeForComponent(): Normalizer {
    return new MlComponentNormalizer(this);
  }
}
