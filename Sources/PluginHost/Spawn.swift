internal import Core
internal import Glibc
internal import System

/// Starts a process in its own process group with `peer` as its descriptor 3 and `errors` as its standard error; all
/// other descriptors are closed. It has no environment variables, since a plugin must not depend on them.
///
/// It is not bound to the thread that starts it, because threads of a queue are short-lived. It ends when `peer` is
/// closed.
func spawn(
    _ program: PluginHostProgram, _ arguments: [String], peer: Int32, errors: Int32
) throws(PluginFault) -> pid_t {
    var environment = ["SWIFT_BACKTRACE=enable=no", "LANG=C.UTF-8", "TZ=UTC"]
    if let libraryPath = program.libraryPath { environment.append("LD_LIBRARY_PATH=\(libraryPath)") }
    do throws(SystemError) {
        let null = try OpenFile<SystemError>("/dev/null", O_RDWR)
        return try ProcessStart(
            path: program.path, arguments: [program.path] + arguments, environment: environment, input: null.descriptor,
            output: null.descriptor, error: errors, kept: [peer], numbers: [peer: 3], isBound: false
        ).start(SystemError.self)
    } catch {
        throw PluginFault(kind: .notStarted(error.description))
    }
}
