/// Which image of a machine is to be made, and from what: the request of `machine-image`.
public struct MachineImageRequest: Codable, Hashable, Sendable {
    /// The target that the machine is for.
    public var target: TargetRequest
    /// The name of the file that the user gave, without a directory: `install77.iso`.
    public var installer: String
    /// The public key that the image is to trust: one line, as in `authorized_keys`.
    public var publicKey: String
    /// The URL below which the machine finds ``MachineImageRecipe/files`` while the image is made: `http://10.0.2.100`.
    public var server: String

    public init(target: TargetRequest, installer: String, publicKey: String, server: String) {
        self.target = target
        self.installer = installer
        self.publicKey = publicKey
        self.server = server
    }
}
