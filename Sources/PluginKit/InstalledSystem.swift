public import PluginMessages

/// A system that was just installed on a machine, and the script that prepares it for jobs: what recipes of the BSDs
/// share.
///
/// The script is among the recipe's files, so that only one short line is typed at the console.
public struct InstalledSystem: Sendable {
    /// The login that jobs use.
    public static let login = "ciso"
    /// The name of the script among the recipe's files.
    public static let scriptName = "prepare.sh"
    /// What the console shows where the script has failed, or could not be fetched.
    public static let failure = "ciso could not prepare the system"
    private static let success = "ciso has prepared the system"

    /// Shell text that creates the login, with a home directory that `$home` names afterwards.
    public var createLogin: String
    /// Shell text that lets the login become root, and closes the ways in that only the installation needed.
    public var configure: String
    /// Powers the machine off.
    public var powerOff: String
    /// Prints the contents of a URL, which follows: `ftp -o -`.
    public var fetch: String

    public init(createLogin: String, configure: String, powerOff: String, fetch: String) {
        self.createLogin = createLogin
        self.configure = configure
        self.powerOff = powerOff
        self.fetch = fetch
    }

    /// The script, which must end with the machine powered off.
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

    /// The command that fetches and runs the script. The text of the failure is written in two parts: the console shows
    /// the command, too.
    public func command(_ request: MachineImageRequest) -> String {
        let file = "/tmp/\(Self.scriptName)"
        return "\(fetch) \(request.server)/\(Self.scriptName) >\(file) && sh \(file) || echo ciso could ''not "
            + "prepare the system"
    }

    /// Logs in as root on the console and runs the script.
    ///
    /// - Parameters:
    ///   - password: Of root; nil if there is none.
    ///   - welcome: A text that is shown after the login.
    public func dialogue(
        _ request: MachineImageRequest, password: String? = nil, welcome: String, before: String = ""
    ) -> [DialogueStep] {
        [DialogueStep("login:", send: "root\n", timeLimit: 1800)]
            + (password.map { [DialogueStep("assword:", send: "\($0)\n")] } ?? [])
            + [DialogueStep(welcome, send: "\(before)\(command(request))\n"), prepared]
    }

    /// Waits until the script has ended well.
    public var prepared: DialogueStep { DialogueStep(Self.success, timeLimit: 1800) }
}
