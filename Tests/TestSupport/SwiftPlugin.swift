internal import Foundation

/// Plugins in Swift, built with the PluginKit of the tests: in seconds, while a separate package would build the kit
/// again.
package enum SwiftPlugin {
    /// Builds `libCisoNAME.so` from one file.
    ///
    /// - Returns: the path of the shared object.
    /// - Throws: `ProgramFailure` with the compiler's messages.
    package static func build(_ source: String, named name: String, in directory: String) throws -> String {
        let host = try BuiltProgram.path(of: "ciso-plugin-host")
        let products = URL(filePath: host).resolvingSymlinksInPath().deletingLastPathComponent().path
        let objects = try ["PluginKit", "PluginMessages", "ShellQuoting"].flatMap { module in
            try FileManager.default.contentsOfDirectory(atPath: "\(products)/\(module).build")
                .filter { $0.hasSuffix(".o") }.sorted().map { "\(products)/\(module).build/\($0)" }
        }
        let file = "\(directory)/\(name).swift"
        let path = "\(directory)/libCiso\(name).so"
        try Data(source.utf8).write(to: URL(filePath: file))
        try Program(
            [
                "swiftc", "-emit-library", "-parse-as-library", "-swift-version", "6", "-Onone", "-warnings-as-errors",
                "-module-name", "Ciso\(name)", "-I", "\(products)/Modules", "-module-cache-path",
                "\(directory)/modules",
                "-Xcc", "-fmodule-map-file=\(products)/PluginABI.build/module.modulemap", "-Xcc", "-I", "-Xcc",
                "\(PackageDirectory.path)/Sources/PluginABI/include", "-o", path, file,
            ] + objects
        ).output()
        return path
    }
}
