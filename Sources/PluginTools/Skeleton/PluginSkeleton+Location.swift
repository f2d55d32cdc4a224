internal import Core
internal import Foundation
internal import PluginHost

extension PluginSkeleton {
    /// The location of ciso's package for a skeleton: a URL, or an absolute path.
    ///
    /// - Parameter ciso: the location given by the user; nil for the folder in which the running program was built.
    /// - Throws: `Failure` of the category `input` if ciso's sources are not there.
    package static func location(of ciso: String?) throws -> String {
        guard let ciso else {
            guard let folder = runningProgram().flatMap(sources(around:)) else {
                throw Failure(
                    .input, "this program is not in the folder in which it was built",
                    hint: "--ciso names the folder of ciso's sources")
            }
            return folder
        }
        if ciso.contains("://") || ciso.hasPrefix("git@") { return ciso }
        let folder = URL(fileURLWithPath: ciso).standardizedFileURL.path
        guard hasSources(folder) else {
            throw Failure(.input, "--ciso \(ciso): expected the folder of ciso's sources, found no PluginABI.h in it")
        }
        return folder
    }

    /// The nearest folder above `program` that contains ciso's sources.
    private static func sources(around program: String) -> String? {
        var folder = URL(fileURLWithPath: program)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            if hasSources(folder.path) { return folder.path }
        }
        return nil
    }

    private static func hasSources(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/Sources/PluginABI/include/PluginABI.h")
    }
}
