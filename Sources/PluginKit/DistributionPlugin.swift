@_exported public import PluginMessages

/// What a plugin's author writes: one type that answers questions with data.
///
/// ```swift
/// import PluginKit
///
/// struct Plan9: DistributionPlugin { … }
///
/// @c(ciso_plugin_entry)
/// public func entry(hostABI: UInt32) -> UnsafeRawPointer? { export(Plan9(), to: hostABI) }
/// ```
///
/// An answer depends only on the request. Before a call reaches the implementation, the kit has checked the request's
/// distribution, version, architecture and options against ``description``.
///
/// - SeeAlso: `docs/decisions/0070-plugins-return-data.md`
public protocol DistributionPlugin: Sendable {
    /// The plugin's description of itself and what it serves.
    var description: PluginDescription { get }

    /// The opam variables and the environment of a target.
    ///
    /// - Throws: `Refusal` if the request cannot be served.
    func target(_ request: CheckedRequest) throws -> TargetDescription

    /// The distribution's names of opam depexts.
    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames

    /// The steps that install the distribution's packages, which are sorted and at least one.
    func install(_ packages: [String], _ request: CheckedRequest) throws -> [Step]

    /// A shell command that prints a line `NAME VERSION` for each of the installed packages `"$@"`. The default is nil:
    /// their versions are not recorded.
    var versionQuery: String? { get }

    /// The steps of one package. The default is ``OpamCommands/steps(for:)``.
    func steps(_ request: StepsRequest, _ target: CheckedRequest) throws -> [Step]

    /// Patterns of error messages of the distribution's tools, which precede the runner's own patterns. The default is
    /// none.
    var patterns: [LogPattern] { get }

    /// The recipe for making a machine image from the distribution's installer. The default is nil: the plugin cannot
    /// make machine images.
    ///
    /// - Throws: `Refusal` if it cannot make an image from that installer.
    func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe?
}

extension DistributionPlugin {
    /// Packages are built by the commands of their opam files.
    public func steps(_ request: StepsRequest, _ target: CheckedRequest) throws -> [Step] {
        OpamCommands.steps(for: request)
    }

    /// The versions of system packages are not recorded.
    public var versionQuery: String? { nil }

    /// No patterns.
    public var patterns: [LogPattern] { [] }

    /// The plugin cannot make machine images.
    public func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe? {
        nil
    }
}
