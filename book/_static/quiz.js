// A quiz answers when a choice is picked: its explanation opens, the others close.
// Without this script every explanation is still a <details> that the reader can open.
document.querySelectorAll("form.quiz").forEach((quiz) => {
  const verdict = quiz.querySelector(".quiz-verdict");
  quiz.classList.add("quiz-live");
  quiz.addEventListener("submit", (event) => event.preventDefault());
  quiz.addEventListener("change", (event) => {
    const picked = event.target.closest(".quiz-choice");
    quiz.querySelectorAll(".quiz-choice").forEach((choice) => {
      choice.classList.toggle("quiz-picked", choice === picked);
      choice.querySelector("details").open = choice === picked;
    });
    verdict.textContent = picked.dataset.verdict === "right" ? "Right." : "Not this one. Read why, then try another.";
  });
});
