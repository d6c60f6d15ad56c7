import { getContainerRuntimeClient, type ContainerRuntimeClient } from 'testcontainers';

/**
 * The Docker engine that answers here, or undefined. Throws where REQUIRE_CONTAINERS=1 and none does:
 * a build that must test the image may not pass by skipping it.
 */
export async function findEngine(): Promise<ContainerRuntimeClient | undefined> {
  try {
    return await getContainerRuntimeClient();
  } catch (error) {
    if (process.env['REQUIRE_CONTAINERS'] !== '1') return undefined;
    const message = 'REQUIRE_CONTAINERS=1, but no Docker engine answers: start one or set DOCKER_HOST';
    throw new Error(message, { cause: error });
  }
}
