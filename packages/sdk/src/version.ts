/** The package's version, as sent in `User-Agent` and `context.library`. A test holds it equal to package.json. */
export const version = "0.1.0";
