public import PluginMessages

/// A system that was just installed on a machine, and the script that prepares it for jobs. The recipes of the BSDs
/// have this in common.
///
/// The script is among the recipe's files, so that only one short line is typed at the console.
public struct InstalledSystem: Sendable {
    /// The login that jobs use.
    public static let login = "ciso"
    /// The name of the script among the recipe's files.
    public static let scriptName = "prepare.sh"
    /// The text on the console if the script has failed or could not be fetched.
    public static let failure = "ciso could not prepare the system"
    private static let success = "ciso has prepared the system"

    /// Shell commands that create the login with a home directory, and assign its path to `$home`.
    public var createLogin: String
    /// Shell commands that permit the login to become root, and disable the access that only the installation needed.
    public var configure: String
    /// The command that powers the machine off.
    public var powerOff: String
    /// The command that prints the contents of the URL in its last argument, which is appended: `ftp -o -`.
    public var fetch: String

    public init(createLogin: String, configure: String, powerOff: String, fetch: String) {
        self.createLogin = createLogin
        self.configure = configure
        self.powerOff = powerOff
        self.fetch = fetch
    }

    /// The script, whose last command powers the machine off.
    public func script(_ request: MachineImageRequest) -> String {
        """
        #!/bin/sh
        set -eu
        trap '[ "$?" = 0 ] || echo "\(Self.failure)"' EXIT
        \(createLogin)
        mkdir -p "$home/.ssh"
        echo \(shellQuoted([request.publicKey])) >"$home/.ssh/authorized_keys"
        chmod 700 "$home/.ssh"
        chmod 600 "$home/.ssh/authorized_keys"
        chown -R \(Self.login) "$home/.ssh"
        \(configure)
        rm -f /etc/ssh/ssh_host_*
        sync
        echo "\(Self.success)"
        \(powerOff)

        """
    }

    /// The command that fetches and runs the script. The failure text is split in two, because the console also shows
    /// the command.
    public func command(_ request: MachineImageRequest) -> String {
        let file = "/tmp/\(Self.scriptName)"
        return "\(fetch) \(request.server)/\(Self.scriptName) >\(file) && sh \(file) || echo ciso could ''not "
            + "prepare the system"
    }

    /// Logs in as root on the console and runs the script.
    ///
    /// - Parameters:
    ///   - password: Root's password; nil if there is none.
    ///   - welcome: A text that is shown after the login.
    public func dialogue(
        _ request: MachineImageRequest, password: String? = nil, welcome: String, before: String = ""
    ) -> [DialogueStep] {
        [DialogueStep("login:", send: "root\n", timeLimit: 1800)]
            + (password.map { [DialogueStep("assword:", send: "\($0)\n")] } ?? [])
            + [DialogueStep(welcome, send: "\(before)\(command(request))\n"), prepared]
    }

    /// Waits until the script has succeeded.
    public var prepared: DialogueStep { DialogueStep(Self.success, timeLimit: 1800) }
}
