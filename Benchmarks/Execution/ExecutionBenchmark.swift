import Core
import Foundation
import Glibc
import Layers
import Sandbox
import Supervision

/// The cost of a job that does nothing: a sandbox with 40 layers, one command, its log, its changes captured as a
/// layer.
///
/// `swift run -c release ExecutionBenchmark [RUNS]` prints a line per part: the minimum and the median of wall and of
/// CPU time, in milliseconds. CPU time is this process's and that of its children.
@main struct ExecutionBenchmark {
    static func main() async throws {
        let runs = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 30
        let path = NSTemporaryDirectory() + "ciso-execution-benchmark-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let layout = try makeLayout(path, layers: 40)
        let store = LayerStore(path + "/layers")
        var parts: [String: [Sample]] = [:]
        for run in 0..<runs {
            let begin = Sample.now
            let sandbox = try Sandbox(layout, in: path + "/sandboxes")
            let made = Sample.now
            let log = try LogFile(path + "/log")
            let command = Command(
                name: "no-op", .script("echo \(run) > /home/build/f"), environment: ["PATH": "/usr/bin:/bin"])
            let result = await sandbox.run(command) { log.append($0) }
            guard result.succeeded else { throw Failure(.unavailable, "\(result)") }
            let ran = Sample.now
            let layer = try store.capture(sandbox, paths: ["home"])
            let captured = Sample.now
            _ = try await store.unpacked(layer.digest)
            let end = Sample.now
            parts["1 assemble 40 layers", default: []].append(made - begin)
            parts["2 mount, start, run, reap", default: []].append(ran - made)
            parts["3 capture and pack", default: []].append(captured - ran)
            parts["4 unpack for those that build on it", default: []].append(end - captured)
            parts["all of a job", default: []].append(end - begin)
        }
        for (name, samples) in parts.sorted(by: { $0.key < $1.key }) {
            print(name, Sample.summary(of: samples), separator: ": ")
        }
    }

    /// A base with the machine's programs, and layers of 40 files each.
    private static func makeLayout(_ path: String, layers: Int) throws -> Sandbox.Layout {
        let manager = FileManager.default
        let buildUser = 1000 + IdentityMapping.ofThisProcess.offset
        for name in ["etc", "home/build", "proc", "dev", "tmp", "usr"] {
            try manager.createDirectory(atPath: "\(path)/base/\(name)", withIntermediateDirectories: true)
        }
        for name in ["bin", "lib", "lib64"] { symlink("usr/\(name)", "\(path)/base/\(name)") }
        chown("\(path)/base/home/build", buildUser, buildUser)
        let directories = try (0..<layers).map { layer in
            let directory = "\(path)/\(Digest(of: "\(layer)"))"
            try manager.createDirectory(atPath: directory + "/home/build/lib", withIntermediateDirectories: true)
            for file in 0..<40 {
                try "\(file)".write(
                    toFile: "\(directory)/home/build/lib/\(layer)-\(file)", atomically: false, encoding: .utf8)
            }
            chown("\(directory)/home/build", buildUser, buildUser)
            return directory
        }
        return Sandbox.Layout(base: path + "/base", layers: directories, binds: [.init("/usr", at: "/usr")])
    }
}

/// A moment, or the time between two.
struct Sample {
    var wall: Double
    var processor: Double

    static var now: Sample {
        var own = rusage()
        var children = rusage()
        getrusage(RUSAGE_SELF.rawValue, &own)
        getrusage(RUSAGE_CHILDREN.rawValue, &children)
        let times = [own.ru_utime, own.ru_stime, children.ru_utime, children.ru_stime]
        var clock = timespec()
        clock_gettime(CLOCK_MONOTONIC, &clock)
        return Sample(
            wall: Double(clock.tv_sec) * 1e3 + Double(clock.tv_nsec) / 1e6,
            processor: times.reduce(0) { $0 + Double($1.tv_sec) * 1e3 + Double($1.tv_usec) / 1e3 })
    }

    static func - (left: Sample, right: Sample) -> Sample {
        Sample(wall: left.wall - right.wall, processor: left.processor - right.processor)
    }

    static func summary(of samples: [Sample]) -> String {
        func text(_ values: [Double]) -> String {
            let sorted = values.sorted()
            return String(format: "least %.1f, median %.1f ms", sorted[0], sorted[sorted.count / 2])
        }
        return "wall \(text(samples.map(\.wall))); CPU \(text(samples.map(\.processor)))"
    }
}
