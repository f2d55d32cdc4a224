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
/// An answer depends on the request and on nothing else. Before a call arrives here, the kit has checked the request's
/// distro, version, architecture and options against ``description``, so that an implementation may rely on them.
///
/// - SeeAlso: `docs/decisions/0070-plugins-return-data.md`
public protocol DistributionPlugin: Sendable {
    /// Who the plugin is and what it serves.
    var description: PluginDescription { get }

    /// The opam variables and the environment of a target.
    ///
    /// - Throws: `Refusal` if it cannot serve what is asked.
    func target(_ request: CheckedRequest) throws -> TargetDescription

    /// What the distro calls some opam depexts.
    func systemPackageNames(_ request: CheckedRequest) -> SystemPackageNames

    /// The steps that install the distro's packages, sorted and at least one.
    func install(_ packages: [String], _ request: CheckedRequest) throws -> [Step]

    /// Shell text that prints a line `NAME VERSION` for each of the installed packages `"$@"`; nil unless implemented: their
    /// versions are not recorded.
    var versionQuery: String? { get }

    /// The steps of one package; ``OpamCommands/steps(for:)`` unless implemented.
    func steps(_ request: StepsRequest, _ target: CheckedRequest) throws -> [Step]

    /// How to read an error in what the distro's own tools print, before the runner's own patterns; none unless implemented.
    var patterns: [LogPattern] { get }

    /// How an image of a machine is made from the distro's installer; nil unless implemented: the plugin cannot make any.
    ///
    /// - Throws: `Refusal` if it cannot make one from that installer.
    func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe?
}

extension DistributionPlugin {
    /// No further steps: packages are built as their opam files say.
    public func steps(_ request: StepsRequest, _ target: CheckedRequest) throws -> [Step] {
        OpamCommands.steps(for: request)
    }

    /// No query: versions of system packages are not recorded.
    public var versionQuery: String? { nil }

    /// No patterns.
    public var patterns: [LogPattern] { [] }

    /// No images of machines.
    public func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe? {
        nil
    }
}
