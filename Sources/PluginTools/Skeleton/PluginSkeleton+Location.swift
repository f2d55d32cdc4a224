internal import Core
internal import Foundation
internal import PluginHost

extension PluginSkeleton {
    /// The location of ciso's package for a skeleton: a URL, or an absolute path.
    ///
    /// - Parameter ciso: the location given by the user; nil for the directory in which the running program was built.
    /// - Throws: `Failure` of the category `input` if ciso's sources are not there.
    package static func location(of ciso: String?) throws -> String {
        guard let ciso else {
            guard let directory = runningProgram().flatMap(sources(around:)) else {
                throw Failure(
                    .input, "this program is not in the directory in which it was built",
                    hint: "--ciso names the directory of ciso's sources")
            }
            return directory
        }
        if ciso.contains("://") || ciso.hasPrefix("git@") { return ciso }
        let directory = URL(fileURLWithPath: ciso).standardizedFileURL.path
        guard hasSources(directory) else {
            throw Failure(
                .input, "--ciso \(ciso): expected the directory of ciso's sources, found no PluginABI.h in it")
        }
        return directory
    }

    /// The nearest directory above `program` that contains ciso's sources.
    private static func sources(around program: String) -> String? {
        var directory = URL(fileURLWithPath: program)
        while directory.path != "/" {
            directory.deleteLastPathComponent()
            if hasSources(directory.path) { return directory.path }
        }
        return nil
    }

    private static func hasSources(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(directory)/Sources/PluginABI/include/PluginABI.h")
    }
}
