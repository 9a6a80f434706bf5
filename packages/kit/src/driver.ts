/**
 * Loads a driver that only one type of destination needs: an optional peer dependency, which who
 * uses the type installs.
 *
 * @param type of destinations that needs it
 * @param wanted what to install, with its version: `pg@8.23.1`
 * @param load `() => import("pg")`
 * @throws Error that says how to install it, where it is not there
 */
export async function loadDriver<Driver>(type: string, wanted: string, load: () => Promise<Driver>): Promise<Driver> {
  const name = wanted.replace(/(?<=.)@.*/, "");
  try {
    return await load();
  } catch (error) {
    // A module that the installed driver lacks is a different error.
    const { code, message = "" } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes(`'${name}'`)) throw error;
    throw new Error(
      `The destination type ${JSON.stringify(type)} needs the driver ${name}, which is not installed: npm i ${wanted}`,
      { cause: error },
    );
  }
}
