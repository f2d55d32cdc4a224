internal import Glibc
internal import System

/// Starts a process of its own group with `peer` as its descriptor 3, `errors` as its standard error; it
/// closes all other descriptors itself. Of our environment it gets only what the loader needs: a plugin must not depend on the rest.
func spawn(
    _ program: String, _ arguments: [String], peer: Int32, errors: Int32
) throws(PluginFault) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    posix_spawn_file_actions_adddup2(&actions, peer, 3)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    var environment = ["SWIFT_BACKTRACE=enable=no", "LANG=C.UTF-8", "TZ=UTC"]
    if let path = getenv("LD_LIBRARY_PATH") {
        environment.append("LD_LIBRARY_PATH=\(String(cString: path))")
    }
    var identifier: pid_t = 0
    let status = withCStrings([program] + arguments) { arguments in
        withCStrings(environment) { environment in
            posix_spawn(&identifier, program, &actions, &attributes, arguments, environment)
        }
    }
    guard status == 0 else {
        throw PluginFault(kind: .notStarted("\(program): \(errorText(status))"))
    }
    return identifier
}

private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) }
    defer {
        for pointer in pointers {
            free(pointer)
        }
    }
    return body(pointers + [nil])
}
