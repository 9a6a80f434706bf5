export {
  loadDestinationType,
  loadDestinationTypes,
  loadTranslators,
  type TypeName,
  type TypeTranslator,
  typeNames,
} from "./destination-types.ts";
