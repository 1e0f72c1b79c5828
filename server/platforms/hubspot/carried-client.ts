import { Client } from '@hubspot/api-client';

/** The SDK's client, with the last step of each request in our hands. */
export class CarriedClient extends Client {
  readonly #fetch: typeof fetch;
  constructor(config: ConstructorParameters<typeof Client>[0], carry: typeof fetch) {
    super(config);
    this.#fetch = carry;
  }
  protected override getDecorators(): ReturnType<Client['getDecorators']> {
    return [
      { decorate: () => (request: BuiltRequest) => this.#fetch(request.getUrl(), request.getSendData()) },
    ];
  }
}

/** What `apiRequest` hands to the function that it would call `fetch` with. */
interface BuiltRequest {
  getUrl(): URL;
  getSendData(): { method: string; headers: Record<string, string>; body?: string };
}
