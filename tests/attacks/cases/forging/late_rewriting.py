"""A thread goes on after the cells and rewrites displays and results while checks are asked."""

# ---
# threat: outputs rewritten later
# scores: {scale: 0}
# shows: "to be rewritten"
# ---

# %% scale
import threading
import time

from IPython.display import display, update_display

display("to be rewritten", display_id="score")


def rewrite():
    for number in range(200):
        update_display("3.0" if number % 2 else "to be rewritten", display_id="score")
        get_ipython().display_pub.publish({"text/plain": "3.0"})
        time.sleep(0.01)


thread = threading.Thread(target=rewrite, daemon=True)
thread.start()


def scale(weight, factor):
    update_display("to be rewritten", display_id="score")
    return weight
