/* What is used of sql.js. Its published types need the library of browsers. */
declare module "sql.js" {
  export interface Statement {
    bind(values: readonly (string | number | boolean | null)[]): boolean;
    run(values: readonly (string | number | boolean | null)[]): void;
    step(): boolean;
    getAsObject(): Record<string, string | number | null>;
    free(): boolean;
  }

  export interface Database {
    run(text: string, values: readonly (string | number | boolean | null)[]): Database;
    prepare(text: string): Statement;
  }

  export interface SqlJs {
    readonly Database: new () => Database;
  }

  export default function initSqlJs(): Promise<SqlJs>;
}
