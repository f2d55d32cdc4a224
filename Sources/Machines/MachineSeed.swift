internal import Archive
package import Core

/// The disk that configures a machine's login at boot: NoCloud's `meta-data` and `user-data`, and `authorized_keys` for
/// images that install the key by their own script.
package struct MachineSeed: Sendable {
    /// The login.
    package var login: String
    /// A line of `authorized_keys`.
    package var publicKey: String

    package init(login: String, publicKey: String) {
        self.login = login
        self.publicKey = publicKey
    }

    /// The label by which guests find the disk.
    package static let label = "CIDATA"

    /// The files of the disk, by name.
    package var files: [String: String] {
        let users =
            login == "root"
            ? "disable_root: false\n"
            : """
            users:
              - name: \(login)
                lock_passwd: true
                sudo: "ALL=(ALL) NOPASSWD:ALL"
                doas: ["permit nopass \(login)"]
                ssh_authorized_keys:
                  - \(publicKey)

            """
        return [
            "meta-data": "instance-id: ciso\nlocal-hostname: ciso\n",
            "user-data": "#cloud-config\n" + users + "ssh_authorized_keys:\n  - \(publicKey)\n",
            "authorized_keys": publicKey + "\n",
        ]
    }

    /// Writes the disk.
    package func write(to path: String) throws(Failure) {
        do {
            try ISOImage.write(files.mapValues { Array($0.utf8) }, label: Self.label, to: path)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }
}
