"""The shell, other interpreters and programs, through every magic that starts one."""

# ---
# threat: shell magics
# scores: {name: 0}
# shows: ["uid=1000", "perl or sh says 1000", "no footprint outside"]
# ---

# %% name
get_ipython().run_line_magic("sx", "touch /tmp/fw-footprint-sx /var/tmp/fw-footprint-sx")
get_ipython().run_cell_magic("bash", "", "touch ~/fw-footprint-bash /fw-footprint-bash; id")
get_ipython().run_cell_magic("writefile", "/tmp/fw-footprint-magic.py", "print('run')")
get_ipython().run_line_magic("run", "/tmp/fw-footprint-magic.py")
get_ipython().system("sh -c 'echo perl or sh says $(id -u)'; cat /etc/shadow; sudo -n id; su -c id")
get_ipython().system("kill -9 1; mount -t tmpfs none /tmp; crontab -l; ls /root /home")
print("no footprint outside")
course = "magics"
