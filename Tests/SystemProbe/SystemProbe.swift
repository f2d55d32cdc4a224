import Glibc
import System

/// Uses mechanisms of `System` in a process that tests kill or limit.
///
/// - `system-probe replace FILE SIZE` replaces a file forever, by `SIZE` bytes of one letter after the other.
/// - `system-probe lock FILE` acquires the lock of a file, prints a line, and runs until it is killed.
/// - `system-probe run PROGRAM…` runs a program.
/// - `system-probe scratch DIRECTORY` makes a directory that goes with it, prints its path, and lives until it is
///   killed.
@main
struct SystemProbe {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { exit(64) }
        // The default action would end the process, but the test needs the error.
        signal(SIGXFSZ, SIG_IGN)
        switch arguments[1] {
        case "replace": try replace(arguments[2], size: Int(arguments[3]) ?? 0)
        case "lock":
            let lock = try ExclusiveLock.attempt(arguments[2])
            announce(lock == nil ? "held elsewhere" : "locked")
            withExtendedLifetime(lock) { _ = pause() }
        case "scratch":
            let scratch = try FileSystem<SystemError>.scratchDirectory(in: arguments[2])
            announce(scratch.path)
            withExtendedLifetime(scratch) { _ = pause() }
        case "run":
            _ = try Subprocess(Array(arguments.dropFirst(2)), environment: ["PATH": "/usr/bin:/bin"]).wait()
        default: exit(64)
        }
    }

    private static func replace(_ file: String, size: Int) throws {
        var letter = UInt8(ascii: "a")
        while true {
            try FileSystem<SystemError>.replace(
                file, with: [UInt8](repeating: letter, count: size), durability: .none)
            announce("replaced")
            letter = letter == UInt8(ascii: "z") ? UInt8(ascii: "a") : letter + 1
        }
    }

    private static func announce(_ line: String) {
        print(line)
        fflush(nil)
    }
}
