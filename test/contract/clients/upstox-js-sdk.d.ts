/** The parts of Upstox' own client that the contract test uses; the package brings no types. */
declare module 'upstox-js-sdk' {
  interface SdkError {
    /** Absent where no answer came. */
    readonly status?: number;
    readonly response?: { readonly text?: string };
  }
  type Callback = (error: SdkError | null, data: unknown, response: unknown) => void;

  export class ApiClient {
    static instance: ApiClient;
    basePath: string;
    timeout: number;
    readonly authentications: { readonly OAUTH2: { accessToken?: string } };
  }

  export class LoginApi {
    constructor(client: ApiClient);
    token(version: string, fields: Readonly<Record<string, string>>, callback: Callback): void;
    initTokenRequestForIndieUser(
      body: { readonly clientSecret: string },
      clientId: string,
      callback: Callback,
    ): void;
    logout(version: string, callback: Callback): void;
  }

  export class UserApi {
    constructor(client: ApiClient);
    getProfile(version: string, callback: Callback): void;
    updateUserIp(
      body: { readonly primaryIp: string; readonly secondaryIp?: string },
      callback: Callback,
    ): void;
  }
}
