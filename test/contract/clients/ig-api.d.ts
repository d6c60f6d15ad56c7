/** The parts of npm `ig-api` that the contract test uses; the package brings no types. */
declare module 'ig-api' {
  class IG {
    constructor(apiKey: string, isDemo: boolean);
    readonly api: {
      readonly defaults: { baseURL: string; timeout: number; readonly headers: Record<string, unknown> };
    };
    login(username: string, password: string, encryptPassword?: boolean): Promise<unknown>;
    get(path: string, version?: number): Promise<unknown>;
    put(path: string, version: number, data: unknown): Promise<unknown>;
    logout(): Promise<unknown>;
  }
  export = IG;
}
