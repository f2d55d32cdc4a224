internal import System

/// The program that loads plugins.
package struct PluginHostProgram: Hashable, Sendable {
    /// Its path.
    package var path: String
    /// The directories that the dynamic loader searches first, as in `LD_LIBRARY_PATH`.
    package var libraryPath: String?

    package init(path: String, libraryPath: String? = nil) {
        self.path = path
        self.libraryPath = libraryPath
    }

    /// `ciso-plugin-host` in the directory of the running program.
    package static func besideThisProgram(libraryPath: String? = nil) -> PluginHostProgram {
        PluginHostProgram(
            path: runningProgram().map { "\(directoryName($0))/ciso-plugin-host" } ?? "ciso-plugin-host",
            libraryPath: libraryPath)
    }
}
