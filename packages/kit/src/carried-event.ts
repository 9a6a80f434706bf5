/** An event on its way to a service, as an object or as its JSON. */
export interface CarriedEvent {
  readonly messageId: string;
}
