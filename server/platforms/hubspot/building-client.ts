import { Client } from '@hubspot/api-client';

/** What `apiRequest` would call `fetch` with. */
export interface Built {
  getUrl(): URL;
  getSendData(): { method: string; headers: Record<string, string>; body?: string };
}

/** The SDK's client, which hands over each request instead of sending it. */
export class BuildingClient extends Client {
  #built: Built | undefined;

  build(options: Parameters<Client['apiRequest']>[0]): Built {
    void this.apiRequest(options);
    if (!this.#built)
      throw new Error('@hubspot/api-client no longer asks getDecorators: see docs/decisions/0002');
    return this.#built;
  }

  protected override getDecorators(): ReturnType<Client['getDecorators']> {
    const keep = async (request: Built): Promise<void> => {
      this.#built = request;
    };
    return [{ decorate: () => keep }];
  }
}
