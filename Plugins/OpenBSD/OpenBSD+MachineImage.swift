internal import PluginKit

/// Installation by autoinstall(8), whose answers are matched with the installer's questions by their text.
extension OpenBSD {
    func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe? {
        guard request.target.architecture == "x86_64" else {
            throw Refusal("\(request.target.target): images can be made for x86_64 only")
        }
        let digits = target.version.filter { $0 != "." }
        let (isCD, isDisk) = (request.installer.hasSuffix(".iso"), request.installer.hasSuffix(".img"))
        guard request.installer.hasPrefix("install"), isCD || isDisk else {
            throw Refusal(
                "'\(request.installer)' is not an installer with OpenBSD's sets",
                hint: "give install\(digits).img or install\(digits).iso")
        }
        return MachineImageRecipe(
            source: isCD ? .installerCD : .installerDisk,
            verification: InstallerVerification(list: "SHA256.sig", signifyKey: "openbsd-\(digits)-base.pub"),
            diskSize: 24 << 30, login: InstalledSystem.login,
            files: [
                responseFile: answers(isCD: isCD, sets: "\(target.version)/amd64"),
                InstalledSystem.scriptName: installed.script(request),
            ],
            boots: [
                installation(request),
                InstallerBoot(
                    "prepare", network: true,
                    dialogue: installed.dialogue(request, password: password, welcome: "Welcome to OpenBSD"),
                    failures: [InstalledSystem.failure, "panic:", "Login incorrect"]),
            ])
    }
}

private let responseFile = "install.conf"

/// Root's password from the installation until the script locks it; root cannot log in by ssh.
private let password = "ciso-installation"

private func installation(_ request: MachineImageRequest) -> InstallerBoot {
    InstallerBoot(
        "install", installer: true, network: true,
        dialogue: [
            DialogueStep("boot>", send: "set tty com0\n"),
            DialogueStep("boot>", send: "boot\n"),
            DialogueStep("(I)nstall, (U)pgrade, (A)utoinstall or (S)hell?", send: "a\n", timeLimit: 1800),
            DialogueStep([
                DialogueReply("should be used for the initial DHCP request?", send: "vio0\n", repeats: true),
                DialogueReply("Response file location?", send: "\(request.server)/\(responseFile)\n"),
            ]),
            DialogueStep([
                DialogueReply("(I)nstall or (U)pgrade?", send: "i\n", repeats: true),
                DialogueReply("Performing non-interactive install"),
            ]),
            DialogueStep("Let's install the sets!", timeLimit: 1800),
            DialogueStep("CONGRATULATIONS!", timeLimit: 14_400),
        ],
        failures: [
            "Question has no answer in response file", "is not a valid choice", "No filesystems found on",
            "Checksum test for", "panic:",
        ])
}

/// The sets on the installer have no signature of their own: the installer itself was verified. Thirteen asterisks are
/// a password that nothing matches.
private func answers(isCD: Bool, sets: String) -> String {
    let location =
        isCD
        ? "Location of sets = cd0\n"
        : """
        Location of sets = disk
        Is the disk partition already mounted = no
        Which disk contains the install media = sd1
        Which sd1 partition has the install sets = a

        """
    return """
        System hostname = ciso
        Which network interface do you wish to configure = vio0
        IPv4 address for vio0 = autoconf
        IPv6 address for vio0 = none
        Password for root account = \(password)
        Start sshd(8) by default = yes
        Do you expect to run the X Window System = no
        Do you want the X Window System to be started by xenodm(1) = no
        Change the default console to com0 = yes
        Which speed should com0 use = 115200
        Setup a user = \(InstalledSystem.login)
        Full name for user \(InstalledSystem.login) = \(InstalledSystem.login)
        Password for user \(InstalledSystem.login) = *************
        Allow root ssh login = no
        What timezone are you in = UTC
        Which disk is the root disk = sd0
        Encrypt the root disk with a (p)assphrase or (k)eydisk = no
        Use (W)hole disk = whole
        \(location)Pathname to the sets = \(sets)
        Set name(s) = -game*
        Directory does not contain SHA256.sig. Continue without verification = yes

        """
}

/// The class 'staff' has no limit on memory as low as that of 'default'.
private let installed = InstalledSystem(
    createLogin: "home=/home/\(InstalledSystem.login)",
    configure: """
        usermod -L staff \(InstalledSystem.login)
        echo 'permit nopass \(InstalledSystem.login)' >/etc/doas.conf
        chmod 600 /etc/doas.conf
        usermod -p '*************' root
        """,
    powerOff: "shutdown -h -p now", fetch: "ftp -V -o -")
